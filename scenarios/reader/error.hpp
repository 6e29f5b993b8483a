// The one error type for mistakes a user can make in a file or on the command line. Caught once, in main: exit code 2.
#pragma once

#include <stdexcept>
#include <string>

namespace flotilla {

/// A place in a user's input. Lines and columns count from 1; 0 = unknown (a file as a whole, say).
struct SourceLocation {
  std::string file;  ///< path as the user wrote it, or "command line"
  int line = 0;
  int column = 0;
  std::string source_line;  ///< the text of that line, for the caret
};

/// Rendered as: `file:line:column: path: message`, the source line, a caret, and the hint (what is valid, did you
/// mean).
class InputError : public std::runtime_error {
 public:
  InputError(SourceLocation where, std::string path, std::string message, std::string hint = {});
  [[nodiscard]] const SourceLocation& where() const { return where_; }
  [[nodiscard]] const std::string& path() const { return path_; }  ///< dotted path, e.g. serving[0].weights
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  SourceLocation where_;
  std::string path_, message_, hint_;
};

}  // namespace flotilla
