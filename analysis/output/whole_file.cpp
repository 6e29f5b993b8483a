#include "analysis/output/whole_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace flotilla::analysis {

namespace {

namespace fs = std::filesystem;

/// Uses errno.
[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::runtime_error(fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

/// Renaming would put a file in the place of such a thing.
bool is_device_or_pipe(const std::string& path) {
  std::error_code ignored;
  const fs::file_type type = fs::status(path, ignored).type();
  return type == fs::file_type::character || type == fs::file_type::block || type == fs::file_type::fifo;
}

/// Where a file would be written that is opened by this path, there or not.
std::string behind_links(const std::string& path) {
  constexpr int kMostLinks = 16;
  fs::path at = path;
  std::error_code error;
  for (int i = 0; i < kMostLinks && fs::is_symlink(at, error); ++i) {
    const fs::path next = fs::read_symlink(at, error);
    if (error) break;
    at = at.parent_path() / next;  // an absolute one stays as it is
  }
  return at.string();
}

/// How many have been committed.
std::atomic<int> finished_files{0};

}  // namespace

/// The name of a partial file where a handler of a signal can read it: what it reads is never freed, but used again.
struct PartialFile::Removal {
  std::string name;
  std::atomic<bool> due{false};
  Removal* next = nullptr;

  static std::atomic<Removal*> all;

  static Removal* of(const std::string& name) {
    Removal* one = all;
    while (one != nullptr && one->due) one = one->next;
    const bool fresh = one == nullptr;
    if (fresh) one = new Removal;
    one->name = name;
    if (fresh) {
      one->next = all;
      all = one;
    }
    one->due = true;
    return one;
  }
};
std::atomic<PartialFile::Removal*> PartialFile::Removal::all{nullptr};

bool PartialFile::drop_all() {
  for (const Removal* one = Removal::all; one != nullptr; one = one->next) {
    if (one->due) ::unlink(one->name.c_str());
  }
  return finished_files > 0;
}

PartialFile::PartialFile(const std::string& path)
    : path_(path),
      target_(is_device_or_pipe(path) ? path : behind_links(path)),
      partial_(is_device_or_pipe(path) ? path : target_ + kPartialSuffix),
      removal_(partial_ == target_ ? nullptr : Removal::of(partial_)) {}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      partial_(std::exchange(other.partial_, std::string())),
      removal_(std::exchange(other.removal_, nullptr)) {}

PartialFile::~PartialFile() {
  if (!partial_.empty() && partial_ != target_) std::remove(partial_.c_str());
  if (removal_ != nullptr) removal_->due = false;
}

void PartialFile::write(const std::string& text) const {
  std::FILE* file = std::fopen(partial_.c_str(), "w");
  if (file == nullptr) fail(path_, "cannot write");
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int why = errno;
  if (std::fclose(file) == 0 && written) return;
  if (!written) errno = why;
  fail(path_, "cannot write");
}

void PartialFile::withdraw() const {
  if (partial_ != target_) ::unlink(target_.c_str());
}

void PartialFile::commit() {
  if (partial_ != target_ && std::rename(partial_.c_str(), target_.c_str()) != 0) fail(path_, "cannot rename");
  ++finished_files;
  if (removal_ != nullptr) std::exchange(removal_, nullptr)->due = false;
  partial_.clear();
}

void write_whole_file(const std::string& path, const std::string& text) {
  PartialFile file(path);
  file.write(text);
  file.commit();
}

void write_whole_files(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<PartialFile> partial;
  for (const auto& [path, text] : files) partial.emplace_back(path).write(text);
  for (PartialFile& file : partial) file.commit();
}

void make_directory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw std::runtime_error(fmt::format("{}: cannot make the directory: {}", path, error.message()));
}

}  // namespace flotilla::analysis
