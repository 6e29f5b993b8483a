#include "scenarios/reader/embedded.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace flotilla::reader {
namespace {

using Files = std::map<std::string, std::string_view, std::less<>>;

/// Inside a function, so that it exists before the first registration whatever the order of static objects.
Files& files() {
  static Files all;
  return all;
}

}  // namespace

EmbeddedFiles::EmbeddedFiles(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
  for (const auto& [path, text] : list) files().insert_or_assign(std::string(path), text);
}

std::optional<std::string_view> embedded_file(std::string_view path) {
  const auto found = files().find(path);
  return found == files().end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> embedded_names(std::string_view folder) {
  while (!folder.empty() && folder.back() == '/') folder.remove_suffix(1);
  const std::string prefix = std::string(folder) + "/";
  constexpr std::string_view kSuffix = ".yaml";
  std::vector<std::string> names;
  for (auto it = files().lower_bound(prefix); it != files().end() && it->first.compare(0, prefix.size(), prefix) == 0;
       ++it) {
    const std::string_view name = std::string_view(it->first).substr(prefix.size());
    const bool is_yaml = name.size() > kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix;
    if (is_yaml && name.find('/') == std::string_view::npos)
      names.emplace_back(name.substr(0, name.size() - kSuffix.size()));
  }
  std::sort(names.begin(), names.end());  // by stem: "h100" before "h100-sxm"
  return names;
}

}  // namespace flotilla::reader
