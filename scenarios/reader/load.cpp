// Opening a file for Document: every way in which a path can be wrong gets an answer a user can act on.
#include "scenarios/reader/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "scenarios/reader/tree.hpp"

namespace flotilla::reader {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostListed = 12;

[[noreturn]] void fail(const std::string& path, const std::string& message, const std::string& hint = {}) {
  throw InputError({path, 0, 0, ""}, "", message, hint);
}

/// Names in a folder, sorted; nothing when it cannot be listed.
std::vector<std::string> names_in(const fs::path& folder, bool yaml_only) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? "." : folder, error), end; !error && it != end; it.increment(error)) {
    const std::string extension = it->path().extension().string();
    if (!yaml_only || extension == ".yaml" || extension == ".yml") names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string list_of_yaml(const fs::path& folder) {
  const auto names = names_in(folder, true);
  if (names.empty()) return "";
  std::string list = "YAML files there: ";
  for (std::size_t i = 0; i < std::min(names.size(), kMostListed); ++i) list += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kMostListed ? list + ", ..." : list;
}

[[noreturn]] void fail_missing(const std::string& path) {
  const fs::path file(path);
  std::error_code error;
  if (!file.parent_path().empty() && !fs::is_directory(file.parent_path(), error)) {
    fail(path, "no such file", fmt::format("there is no folder '{}'", file.parent_path().string()));
  }
  const std::string near = did_you_mean(file.filename().string(), names_in(file.parent_path(), false));
  if (!near.empty())
    fail(path, "no such file", fmt::format("did you mean '{}'?", (file.parent_path() / near).string()));
  fail(path, "no such file", list_of_yaml(file.parent_path()));
}

std::string size_problem(std::uintmax_t bytes) {
  return fmt::format("the file has {:.1f} MB; at most {} MB are read", static_cast<double>(bytes) / 1e6,
                     kMaxFileBytes / 1'000'000);
}

}  // namespace

std::string read_text_file(const std::string& path) {
  if (path.empty()) fail("", "the name of the file is empty");
  if (path.find('\0') != std::string::npos) fail(reader::in_quotes(path), "no such file");
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) fail_missing(path);
  if (fs::is_directory(status)) fail(path, "this is a directory, a YAML file is expected", list_of_yaml(path));
  const char* const kTooLarge = "traces and other large data are named in a scenario, not written into it";
  if (fs::is_regular_file(status)) {
    const auto bytes = fs::file_size(path, error);
    if (!error && bytes > kMaxFileBytes) fail(path, size_problem(bytes), kTooLarge);
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path, fmt::format("the file cannot be opened: {}", std::strerror(errno)));
  std::string text;
  std::vector<char> block(1 << 16);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxFileBytes)
      fail(path, fmt::format("more than {} MB of text", kMaxFileBytes / 1'000'000), kTooLarge);
  }
  if (file.bad()) fail(path, "the file cannot be read to its end");
  return text;
}

}  // namespace flotilla::reader
