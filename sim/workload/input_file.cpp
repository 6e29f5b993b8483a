#include "sim/workload/input_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace flotilla::sim {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? "." : folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// What the user may have meant, by the names that are there.
std::string near_names(const fs::path& missing) {
  const fs::path folder = missing.parent_path();
  std::error_code error;
  if (!folder.empty() && !fs::is_directory(folder, error))
    return fmt::format("there is no folder '{}'", folder.string());
  const std::string name = missing.filename().string();
  const std::vector<std::string> names = names_in(folder);
  for (const std::string& other : {name + ".gz", missing.stem().string()}) {
    if (std::find(names.begin(), names.end(), other) != names.end())
      return fmt::format("did you mean '{}'?", (folder / other).string());
  }
  const std::string near = reader::did_you_mean(name, names);
  return near.empty() ? "" : fmt::format("did you mean '{}'?", (folder / near).string());
}

}  // namespace

std::string InputFile::resolve() const {
  if (path.empty()) fail("the name of the file is empty");
  std::error_code error;
  const fs::path beside = fs::path(where.file).parent_path() / path;  // an absolute path stays as it is
  const fs::path found = fs::exists(beside, error) ? beside : fs::path(path);
  const auto status = fs::status(found, error);
  if (status.type() == fs::file_type::not_found) {
    const std::string hint = near_names(beside);
    const bool two_places = beside != fs::path(path);
    fail(fmt::format("no such file: {}", reader::in_quotes(path)),
         hint.empty() && two_places ? fmt::format("looked in '{}', beside the scenario, and in the working directory",
                                                  beside.parent_path().string())
                                    : hint);
  }
  if (fs::is_directory(status)) fail(fmt::format("{} is a directory, a file is expected", reader::in_quotes(path)));
  if (access(found.c_str(), R_OK) != 0)
    fail(fmt::format("{} cannot be read: {}", reader::in_quotes(path), std::strerror(errno)));
  return found.string();
}

void InputFile::fail(const std::string& message, const std::string& hint) const {
  throw InputError(where, key, message, hint);
}

}  // namespace flotilla::sim

namespace flotilla::reader {

sim::InputFile Codec<sim::InputFile>::read(const Node& node) {
  sim::InputFile file(read_text(node, {}));
  file.where = node.where();
  file.key = node.path();
  return file;
}

}  // namespace flotilla::reader
