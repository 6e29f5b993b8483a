// Mistakes in YAML's own grammar, told in words for people who do not know that grammar.
#pragma once

#include <optional>
#include <string>

#include "scenarios/reader/source.hpp"

namespace flotilla::reader {

struct SyntaxProblem {
  std::string message;                ///< yaml-cpp's
  Position position;                  ///< yaml-cpp's; at the end of a text it may be off
  Position last_event;                ///< the last value that was understood
  std::optional<Position> innermost;  ///< of the list or mapping still open
};

[[noreturn]] void fail_syntax(const Source& source, const SyntaxProblem& problem);
[[noreturn]] void fail_second_document(const Source& source, Position position);
/// A key that is no text: missing, a list, a mapping, or a bracket that is never closed.
[[noreturn]] void fail_key(const Source& source, Position position, const std::string& path);

/// yaml-cpp takes a quote that the end of the file cuts off for a closed one; this does not.
void check_quotes(const Source& source, Position scalar, const std::string& path);

}  // namespace flotilla::reader
