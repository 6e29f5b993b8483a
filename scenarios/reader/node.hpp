// A YAML value that knows where it was written. The only door through which YAML enters; nothing else touches yaml-cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/reader/error.hpp"

namespace flotilla::reader {

struct DocumentData;  // text, lines, parsed tree, overrides

/// A view of one value: scalar, mapping, sequence or null. Cheap to copy; keeps its document alive.
class Node {
 public:
  [[nodiscard]] bool is_scalar() const;
  [[nodiscard]] bool is_mapping() const;
  [[nodiscard]] bool is_sequence() const;
  [[nodiscard]] bool is_null() const;
  [[nodiscard]] bool is_quoted() const;           ///< "80" in quotes is text, never a number
  [[nodiscard]] const std::string& text() const;  ///< of a scalar; fails otherwise

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Node operator[](std::size_t index) const;                   ///< of a sequence
  [[nodiscard]] std::vector<std::pair<std::string, Node>> entries() const;  ///< of a mapping, in the order written
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] Node at(std::string_view key) const;  ///< of a mapping; fails if absent

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] SourceLocation where() const;      ///< of the value
  [[nodiscard]] SourceLocation key_where() const;  ///< of the key it stands under
  [[nodiscard]] std::string origin() const;        ///< "scenario.yaml:12" or "command line"
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;
  [[noreturn]] void fail_at_key(const std::string& message, const std::string& hint = {}) const;
  /// "a list is expected, '80' is given".
  [[noreturn]] void fail_type(const std::string& expected, const std::string& hint = {}) const;
  /// For checks across keys: at the value of `key`, or at this mapping where the key is left to its default.
  [[noreturn]] void fail_for(std::string_view key, const std::string& message, const std::string& hint = {}) const;

  struct Impl;
  Node(std::shared_ptr<const DocumentData> document, std::shared_ptr<const Impl> impl, std::string path);

 private:
  std::shared_ptr<const DocumentData> document_;
  std::shared_ptr<const Impl> impl_;
  std::string path_;
};

/// A YAML file (or text) as read: duplicate keys, tabs, aliases that explode, an empty file, a directory, a missing
/// file and a file above 16 MB are refused here with an InputError.
class Document {
 public:
  static Document load(const std::string& path);
  static Document from_text(std::string text, std::string name);

  /// `a.b[0].c=value`, as given on the command line; the value is YAML. Applied before anything is read.
  void set(const std::string& assignment);

  [[nodiscard]] Node root() const;
  [[nodiscard]] const std::string& name() const;

  /// Where a dotted path was written, or the nearest enclosing value that was. For checks across keys after reading.
  [[nodiscard]] SourceLocation where(std::string_view path) const;
  /// "file:line", "command line", or "" where the path was not given (a default).
  [[nodiscard]] std::string origin(std::string_view path) const;
  [[noreturn]] void fail(std::string_view path, const std::string& message, const std::string& hint = {}) const;

 private:
  std::shared_ptr<DocumentData> data_;
};

/// The candidate nearest to `word` by edit distance, if near enough to be a slip of the pen; else "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);
/// "did you mean 'x'?" or "one of: a, b, c".
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);
/// "a, b, c", cut where it gets long.
std::string listed(const std::vector<std::string>& names);
/// A user's text in quotes for a message: cut to a readable length, control characters escaped.
std::string in_quotes(std::string_view text);

}  // namespace flotilla::reader
