// Text as a field of a CSV file.
#pragma once

#include <cstdlib>
#include <string>

namespace flotilla::analysis {

/// A spreadsheet would compute it: it begins as a formula does, and is no number.
inline bool is_like_a_formula(const std::string& text) {
  if (text.empty() || std::string("=+-@\t\r").find(text.front()) == std::string::npos) return false;
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  return end == text.c_str() || *end != '\0';
}

/// In quotes where a reader of CSV would trip over it otherwise; behind an apostrophe where a spreadsheet would.
inline std::string csv_field(const std::string& text) {
  const std::string shown = is_like_a_formula(text) ? "'" + text : text;
  if (shown.find_first_of(",\"\n\r") == std::string::npos) return shown;
  std::string quoted = "\"";
  for (const char c : shown) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace flotilla::analysis
