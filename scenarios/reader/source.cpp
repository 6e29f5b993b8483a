#include "scenarios/reader/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace flotilla::reader {
namespace {

/// Length of the UTF-8 sequence at `pos` (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF); 0 if it is not
/// one.
int utf8_length(std::string_view text, std::size_t pos) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const std::uint8_t first = byte(pos);
  if (first < 0x80) return 1;
  const int length = first >= 0xC2 && first < 0xE0   ? 2
                     : first >= 0xE0 && first < 0xF0 ? 3
                     : first >= 0xF0 && first < 0xF5 ? 4
                                                     : 0;
  for (int i = 1; i < length; ++i) {
    if ((byte(pos + i) & 0xC0) != 0x80) return 0;
  }
  const std::uint8_t second = byte(pos + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  return overlong || outside ? 0 : length;
}

bool is_text_byte(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  return (byte >= 0x20 && byte != 0x7F) || c == '\t' || c == '\n' || c == '\r';
}

std::string without_bad_bytes(std::string_view line) {
  std::string clean;
  for (std::size_t i = 0; i < line.size();) {
    const int length = utf8_length(line, i);
    const bool good = length > 0 && is_text_byte(line[i]);
    clean += good ? std::string(line.substr(i, static_cast<std::size_t>(length))) : "?";
    i += good ? static_cast<std::size_t>(length) : 1;
  }
  return clean;
}

void check_indentation(const Source& source) {
  for (int number = 0; number < static_cast<int>(source.line_count()); ++number) {
    const std::string_view line = source.line(number);
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) continue;
    const std::size_t tab = line.substr(0, start).find('\t');
    if (tab == std::string_view::npos) continue;
    throw InputError(source.at({number, static_cast<int>(tab)}), "", "a tab in the indentation",
                     "YAML is indented with spaces: replace each tab by two spaces");
  }
}

/// The first byte that is neither blank nor in a comment, or npos.
std::size_t first_content(const Source& source) {
  for (int number = 0; number < static_cast<int>(source.line_count()); ++number) {
    const std::string_view line = source.line(number);
    const std::size_t start = line.find_first_not_of(" \t");
    if (start != std::string_view::npos && line[start] != '#')
      return static_cast<std::size_t>(line.data() - source.text().data()) + start;
  }
  return std::string::npos;
}

}  // namespace

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text_.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0) text_.erase(0, kByteOrderMark.size());
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::string_view Source::line(int number) const {
  if (number < 0 || static_cast<std::size_t>(number) >= line_starts_.size()) return {};
  const auto index = static_cast<std::size_t>(number);
  const std::size_t end = index + 1 < line_starts_.size() ? line_starts_[index + 1] - 1 : text_.size();
  std::string_view line = std::string_view(text_).substr(line_starts_[index], end - line_starts_[index]);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::string_view Source::rest(Position position) const {
  const std::string_view full = line(position.line);
  return full.substr(std::min(full.size(), static_cast<std::size_t>(std::max(0, position.byte))));
}

std::string_view Source::text_from(Position position) const {
  const std::string_view from = rest(position);
  if (from.data() == nullptr) return {};
  return std::string_view(text_).substr(static_cast<std::size_t>(from.data() - text_.data()));
}

Position Source::advanced(Position position, std::size_t bytes) const {
  const std::string_view skipped = text_from(position).substr(0, bytes);
  const std::size_t last_break = skipped.rfind('\n');
  if (last_break == std::string_view::npos) return {position.line, position.byte + static_cast<int>(skipped.size())};
  const auto breaks = std::count(skipped.begin(), skipped.end(), '\n');
  return {position.line + static_cast<int>(breaks), static_cast<int>(skipped.size() - last_break - 1)};
}

SourceLocation Source::at(Position position) const {
  const std::string_view full = line(position.line);
  const std::string_view before = full.substr(0, full.size() - rest(position).size());
  int column = 1;
  for (const char c : before) column += (static_cast<std::uint8_t>(c) & 0xC0) != 0x80 ? 1 : 0;
  return {name_, position.line + 1, column, without_bad_bytes(full)};
}

void check_bytes(const Source& source) {
  const std::string& text = source.text();
  Position position;
  for (std::size_t i = 0; i < text.size();) {
    const int length = utf8_length(text, i);
    if (length == 0 || !is_text_byte(text[i])) {
      const auto byte = static_cast<std::uint8_t>(text[i]);
      const auto problem = length == 0 ? fmt::format("byte 0x{:02x} is not valid UTF-8", byte)
                                       : fmt::format("byte 0x{:02x} is not text", byte);
      throw InputError(source.at(position), "", problem,
                       byte == 0 || i == 0 ? "this looks like a binary file or UTF-16; a YAML file in UTF-8 is expected"
                       : length == 0       ? "save the file as UTF-8"
                                     : "a control character: remove it, or write it as an escape in double quotes");
    }
    position.byte += length;
    if (text[i] == '\n') position = {position.line + 1, 0};
    i += static_cast<std::size_t>(length);
  }
}

void check_text(const Source& source) {
  check_bytes(source);
  const std::size_t content = first_content(source);
  if (content == std::string::npos) {
    throw InputError({source.name(), 0, 0, ""}, "",
                     source.text().empty() ? "the file is empty" : "the file holds nothing but comments and blanks");
  }
  const char first = source.text()[content];
  if (first != '{' && first != '[') check_indentation(source);
}

}  // namespace flotilla::reader
