#include "scenarios/reader/path.hpp"

#include <fmt/format.h>

#include <charconv>

namespace flotilla::reader {
namespace {

std::optional<std::size_t> as_index(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The step `["key"]` whose text starts at `pos`; a backslash keeps the character behind it. Returns the offset behind
/// the step.
std::size_t quoted_step(std::string_view path, std::size_t pos, std::vector<PathStep>& steps) {
  PathStep step{"", std::nullopt, false, pos};
  for (std::size_t i = pos; i < path.size(); ++i) {
    if (path[i] == '"') {
      if (i + 1 == path.size() || path[i + 1] != ']') break;
      steps.push_back(std::move(step));
      return i + 2;
    }
    if (path[i] == '\\' && i + 1 < path.size()) ++i;
    step.key += path[i];
  }
  throw PathError{pos - 2, "a '[\"' is never closed by '\"]'"};
}

/// The step `[0]` whose text starts at `pos`; returns the offset behind it.
std::size_t index_step(std::string_view path, std::size_t pos, std::vector<PathStep>& steps) {
  const std::size_t end = path.find(']', pos);
  if (end == std::string_view::npos) throw PathError{pos - 1, "a '[' is never closed"};
  const std::string_view inside = path.substr(pos, end - pos);
  const auto index = as_index(inside);
  if (!index) throw PathError{pos, fmt::format("'{}' is not a place in a list: 0 is the first", inside)};
  steps.push_back({std::string(inside), index, true, pos});
  return end + 1;
}

}  // namespace

std::vector<PathStep> parse_path(std::string_view path) {
  std::vector<PathStep> steps;
  std::size_t pos = 0;
  while (pos < path.size()) {
    if (path[pos] == '[') {
      const bool quoted = pos + 1 < path.size() && path[pos + 1] == '"';
      pos = quoted ? quoted_step(path, pos + 2, steps) : index_step(path, pos + 1, steps);
    } else {
      if (!steps.empty()) {
        if (path[pos] != '.') throw PathError{pos, "a '.' or a '[' is expected here"};
        ++pos;
      }
      const std::size_t end = std::min(path.find_first_of(".[", pos), path.size());
      if (end == pos) throw PathError{pos, "a key is missing here"};
      const std::string_view key = path.substr(pos, end - pos);
      steps.push_back({std::string(key), as_index(key), false, pos});
      pos = end;
    }
  }
  if (steps.empty()) throw PathError{0, "a key is missing here"};
  return steps;
}

std::string child_path(const std::string& path, std::string_view key) {
  if (!key.empty() && key.find_first_of(".[]\"=") == std::string_view::npos) {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }
  std::string escaped;
  for (const char c : key) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return fmt::format("{}[\"{}\"]", path, escaped);
}

std::string child_path(const std::string& path, std::size_t index) { return fmt::format("{}[{}]", path, index); }

}  // namespace flotilla::reader
