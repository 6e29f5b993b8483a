// Text as a field of a CSV file.
#pragma once

#include <string>

namespace flotilla::analysis {

/// In quotes where a reader of CSV would trip over it otherwise.
inline std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace flotilla::analysis
