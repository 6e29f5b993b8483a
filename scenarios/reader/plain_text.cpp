#include "scenarios/reader/plain_text.hpp"

#include <fmt/format.h>

namespace flotilla::reader {

namespace {

unsigned char byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool between(unsigned char low, unsigned char byte, unsigned char high) { return low <= byte && byte <= high; }

[[noreturn]] void refuse(const Node& node, const std::string& text) {
  node.fail(fmt::format("a control character or a line end in {}", in_quotes(text)));
}

}  // namespace

std::size_t control_character_at(std::string_view text, std::size_t at) {
  const unsigned char first = byte_at(text, at);
  if (at < text.size() && (first < 0x20 || first == 0x7f)) return 1;
  if (first == 0xc2 && between(0x80, byte_at(text, at + 1), 0x9f)) return 2;  // U+0080 to U+009F
  if (first != 0xe2) return 0;
  const unsigned char second = byte_at(text, at + 1), third = byte_at(text, at + 2);
  // U+2028 to U+202E, U+2066 to U+2069.
  return (second == 0x80 && between(0xa8, third, 0xae)) || (second == 0x81 && between(0xa6, third, 0xa9)) ? 3 : 0;
}

bool has_control_characters(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (control_character_at(text, at) > 0) return true;
  }
  return false;
}

std::string without_control_characters(std::string_view text, std::string_view kept) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = control_character_at(text, at);
    if (bytes == 0 || kept.find(text[at]) != std::string_view::npos) {
      safe += text[at++];
      continue;
    }
    for (const std::size_t end = at + bytes; at < end; ++at) safe += fmt::format("\\x{:02x}", byte_at(text, at));
  }
  return safe;
}

void refuse_control_characters(const Node& node) {
  if (node.is_mapping()) {
    for (const auto& [key, value] : node.entries()) {
      if (has_control_characters(key)) refuse(node, key);
      refuse_control_characters(value);
    }
  } else if (node.is_sequence()) {
    for (std::size_t i = 0; i < node.size(); ++i) refuse_control_characters(node[i]);
  } else if (node.is_scalar() && has_control_characters(node.text())) {
    refuse(node, node.text());
  }
}

Document load_plain(const std::string& path) {
  Document document = Document::load(path);
  refuse_control_characters(document.root());
  return document;
}

}  // namespace flotilla::reader
