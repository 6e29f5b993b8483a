#include "analysis/output/whole_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace flotilla::analysis {

void write_whole_file(const std::string& path, const std::string& text) {
  const std::string partial = path + kPartialSuffix;
  const auto fail = [&](const std::string& file, const char* what) {
    const std::string why = std::strerror(errno);
    std::remove(partial.c_str());
    throw std::runtime_error(fmt::format("{}: {}: {}", file, what, why));
  };
  std::FILE* file = std::fopen(partial.c_str(), "w");
  if (file == nullptr) fail(partial, "cannot write");
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) fail(partial, "cannot write");
  if (std::rename(partial.c_str(), path.c_str()) != 0) fail(path, "cannot rename");
}

void make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw std::runtime_error(fmt::format("{}: cannot make the directory: {}", path, error.message()));
}

}  // namespace flotilla::analysis
