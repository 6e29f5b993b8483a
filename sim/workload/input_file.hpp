// A data file named in a scenario.
#pragma once

#include <string>

#include "scenarios/reader/schema.hpp"

namespace flotilla::sim {

/// Remembers where it was named, so that a file that is missing is reported at that line of the scenario.
struct InputFile {
  std::string path;  ///< as the user wrote it
  SourceLocation where;
  std::string key;  ///< dotted path of the key it stands under

  InputFile() = default;
  InputFile(std::string file) : path(std::move(file)) {}  // NOLINT(google-explicit-constructor): a path is a file

  /// The path to open: beside the scenario's file if it is there, else from the working directory. A file that is
  /// missing (with near names), a directory and a file that cannot be read are InputErrors.
  [[nodiscard]] std::string resolve() const;
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;
};

}  // namespace flotilla::sim

namespace flotilla::reader {

template <>
struct Codec<sim::InputFile> {
  static sim::InputFile read(const Node& node);
  static std::string write(const sim::InputFile& file) { return quoted_if_needed(file.path); }
  static nlohmann::ordered_json json_schema() { return {{"type", "string"}}; }
  static std::string type_text() { return "path of a file"; }
};

}  // namespace flotilla::reader
