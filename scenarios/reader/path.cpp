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

/// The step in brackets that starts at `pos`; returns the offset behind it.
std::size_t bracketed_step(std::string_view path, std::size_t pos, std::vector<PathStep>& steps) {
  const bool quoted = pos + 1 < path.size() && path[pos + 1] == '"';
  const std::string_view closing = quoted ? "\"]" : "]";
  const std::size_t first = pos + (quoted ? 2 : 1);
  const std::size_t end = path.find(closing, first);
  if (end == std::string_view::npos) throw PathError{pos, "a '[' is never closed"};
  const std::string_view inside = path.substr(first, end - first);
  if (quoted) {
    steps.push_back({std::string(inside), std::nullopt, false, first});
  } else {
    const auto index = as_index(inside);
    if (!index) throw PathError{first, fmt::format("'{}' is not a place in a list: 0 is the first", inside)};
    steps.push_back({std::string(inside), index, true, first});
  }
  return end + closing.size();
}

}  // namespace

std::vector<PathStep> parse_path(std::string_view path) {
  std::vector<PathStep> steps;
  std::size_t pos = 0;
  while (pos < path.size()) {
    if (path[pos] == '[') {
      pos = bracketed_step(path, pos, steps);
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
  if (key.empty() || key.find_first_of(".[]\"") != std::string_view::npos) return fmt::format("{}[\"{}\"]", path, key);
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string child_path(const std::string& path, std::size_t index) { return fmt::format("{}[{}]", path, index); }

}  // namespace flotilla::reader
