// Text of a file that goes to a terminal, into a line of a file or onto a page.
#pragma once

#include <string>
#include <string_view>

#include "scenarios/reader/node.hpp"

namespace flotilla::reader {

/// How many bytes at text[at] are a character that a terminal obeys, that ends a line or that turns around what is
/// read: C0 and C1 controls, DEL, the line and paragraph separators, overrides and isolates of the writing direction.
/// 0 where another character begins.
std::size_t control_character_at(std::string_view text, std::size_t at);
bool has_control_characters(std::string_view text);

/// Each of them as \x1b, but for those bytes that are in `kept`.
std::string without_control_characters(std::string_view text, std::string_view kept);

/// Fails at the first text of the value, key or not, that has one.
void refuse_control_characters(const Node& node);

/// A file of a user's, of which no text has one. Throws InputError as Document::load does, too.
Document load_plain(const std::string& path);

}  // namespace flotilla::reader
