// How a user's word for a GPU, a model, an engine or a price becomes a document: a name of the built-in catalogue, one
// of its aliases, or the path of a file of the user's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/reader/node.hpp"

namespace flotilla::models {

/// The names of one kind: "llms", "gpus", "engines" or "prices". Sorted.
std::vector<std::string> catalog_names(std::string_view kind);

/// A name or path as a user wrote it, and where, so that errors point at it.
struct Reference {
  std::string text;
  SourceLocation where;
  std::string path;  ///< dotted, "" where it does not stand in a document

  explicit Reference(std::string word);
  explicit Reference(const reader::Node&);  ///< fails if it is no scalar
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;
};

/// The catalogue's name for this word ("H100_SXM" -> "h100-sxm"), or "" if it has none.
std::string catalog_name(std::string_view kind, std::string_view word);
reader::Document catalog_document(std::string_view kind, std::string_view name);

/// Does the word look like a path: a slash, or an ending of YAML or JSON?
bool looks_like_path(std::string_view word);
/// The path as seen from the working directory: relative paths in a file are relative to that file.
std::string resolved_path(const Reference&);

/// The document behind a word. Throws InputError at the word: no such name (did you mean), no such file.
reader::Document find_document(std::string_view kind, const Reference&);

}  // namespace flotilla::models
