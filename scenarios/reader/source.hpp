// The text a value was read from, and how a position in it is shown to people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/reader/error.hpp"

namespace flotilla::reader {

/// Line and byte of the line, both from 0, as the parser counts them.
struct Position {
  int line = 0;
  int byte = 0;
};

inline constexpr const char* kCommandLine = "command line";  ///< the name of an override's source

class Source {
 public:
  Source(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::size_t line_count() const { return line_starts_.size(); }
  /// Without its end of line; empty past the end of the text.
  [[nodiscard]] std::string_view line(int number) const;
  /// The line from `position` on.
  [[nodiscard]] std::string_view rest(Position position) const;
  /// Everything from `position` on.
  [[nodiscard]] std::string_view text_from(Position position) const;
  /// The position `bytes` behind `position`.
  [[nodiscard]] Position advanced(Position position, std::size_t bytes) const;
  [[nodiscard]] SourceLocation at(Position position) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
};

/// Throws InputError where `source` holds bytes that are not text, or invalid UTF-8.
void check_bytes(const Source& source);
/// The same for a file, and for nothing but blanks and comments, and for a tab in the indentation (allowed where the
/// text is JSON).
void check_text(const Source& source);

}  // namespace flotilla::reader
