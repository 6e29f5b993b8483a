// A text as a file, for readers that want one; gone at the end.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace flotilla::fuzz {

class FileOf {
 public:
  explicit FileOf(const std::string& text, const std::string& ending = "")
      : path_(std::filesystem::temp_directory_path() / ("flotilla-fuzz-" + std::to_string(getpid()) + ending)) {
    std::ofstream(path_, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  FileOf(const FileOf&) = delete;
  FileOf& operator=(const FileOf&) = delete;
  ~FileOf() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace flotilla::fuzz
