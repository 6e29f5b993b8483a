// Published measurements that are not part of the project: tests that compare with them say so and pass where they are
// absent.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace flotilla::tests {

/// A file below $FLOTILLA_REFERENCE, or beside the repository; empty, with a message, where there is none.
inline std::optional<std::filesystem::path> reference_file(const std::string& name) {
  const char* stated = std::getenv("FLOTILLA_REFERENCE");
  const auto beside = std::filesystem::path(FLOTILLA_SOURCE_DIR).parent_path() / "shared" / "reference";
  const auto path = (stated != nullptr ? std::filesystem::path(stated) : beside) / name;
  if (std::filesystem::exists(path)) return path;
  MESSAGE("skipped: no " << path.string() << "; set FLOTILLA_REFERENCE to the folder of reference data");
  return std::nullopt;
}

/// The lines of a CSV file without its header, split at every comma: for tables whose leading columns hold no quotes.
inline std::vector<std::vector<std::string>> rows_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    auto& row = rows.emplace_back();
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
  }
  return rows;
}

}  // namespace flotilla::tests
