// Dotted paths into a document: serving[0].weights, serving.0.weights, prices["a.b"].
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flotilla::reader {

struct PathStep {
  std::string key;                   ///< also of an index, as written
  std::optional<std::size_t> index;  ///< when the step is a whole number
  bool bracketed = false;            ///< [0]: can only be an index
  std::size_t offset = 0;            ///< of the step in the path's text
};

/// Throws PathError with the offset of what is wrong.
std::vector<PathStep> parse_path(std::string_view path);

struct PathError {
  std::size_t offset;
  std::string message;
};

/// `path` extended by a key or an index.
std::string child_path(const std::string& path, std::string_view key);
std::string child_path(const std::string& path, std::size_t index);

}  // namespace flotilla::reader
