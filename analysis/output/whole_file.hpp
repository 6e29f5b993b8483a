// Files that are whole or not there: written under a temporary name, renamed at the end.
#pragma once

#include <string>

namespace flotilla::analysis {

inline constexpr const char* kPartialSuffix = ".partial";

/// Throws std::runtime_error, naming the file, where that is impossible; nothing half-written is left then.
void write_whole_file(const std::string& path, const std::string& text);

/// Makes a directory and those above it. Throws std::runtime_error.
void make_directory(const std::string& path);

}  // namespace flotilla::analysis
