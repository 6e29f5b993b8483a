// analysis -> sim -> {models, topologies} -> scenarios/reader: who may include whom, held line by line.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Include {
  int line = 0;
  std::string name;
  bool quoted = false;
};

/// A file of the house, by its path from the root: "sim/engine/clock.cpp".
struct SourceFile {
  std::string path;
  std::vector<std::string> lines;
  std::vector<Include> includes;
};

const std::map<std::string, std::vector<std::string>> kMayInclude{
    {"scenarios", {"scenarios"}},
    {"models", {"models", "scenarios"}},
    {"topologies", {"topologies", "scenarios"}},
    {"sim", {"sim", "models", "topologies", "scenarios"}},
    {"analysis", {"analysis", "sim", "models", "topologies", "scenarios"}},
};

bool starts_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

bool one_of(const std::string& word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

SourceFile read_file(const fs::path& root, const fs::path& path) {
  SourceFile file{fs::relative(path, root).string(), {}, {}};
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) {
    file.lines.push_back(line);
    if (!starts_with(line, "#include ")) continue;
    const std::size_t open = line.find_first_of("<\"");
    const std::size_t close = line.find_last_of(">\"");
    if (open == std::string::npos || close <= open) continue;
    file.includes.push_back(
        {static_cast<int>(file.lines.size()), line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return file;
}

const std::vector<SourceFile>& house() {
  static const std::vector<SourceFile> files = [] {
    const fs::path root = FLOTILLA_SOURCE_DIR;
    std::vector<SourceFile> found;
    for (const auto& [room, allowed] : kMayInclude) {
      for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
        if (one_of(entry.path().extension().string(), {".cpp", ".hpp"})) found.push_back(read_file(root, entry.path()));
      }
    }
    return found;
  }();
  return files;
}

std::string at(const SourceFile& file, int line) { return file.path + ":" + std::to_string(line); }
std::string room_of(const std::string& path) { return path.substr(0, path.find('/')); }

}  // namespace

TEST_CASE("rooms include only what lies below them") {
  REQUIRE(house().size() > 100);
  for (const SourceFile& file : house()) {
    for (const Include& include : file.includes) {
      const std::string room = room_of(include.name);
      if (!include.quoted || kMayInclude.count(room) == 0) continue;
      CHECK_MESSAGE(one_of(room, kMayInclude.at(room_of(file.path))), at(file, include.line), " includes ",
                    include.name);
      // What scenarios/ offers to the others is the reader.
      if (room == "scenarios") CHECK_MESSAGE(starts_with(include.name, "scenarios/reader/"), at(file, include.line));
    }
  }
}

TEST_CASE("own files are included from the root, in quotes, and exist") {
  for (const SourceFile& file : house()) {
    for (const Include& include : file.includes) {
      if (!include.quoted) continue;
      CHECK_MESSAGE(fs::exists(fs::path(FLOTILLA_SOURCE_DIR) / include.name), at(file, include.line), " includes ",
                    include.name);
    }
  }
}

TEST_CASE("SimGrid is known in the engine room and where platforms are made, and nowhere else") {
  for (const SourceFile& file : house()) {
    const bool knows = starts_with(file.path, "sim/engine/") || starts_with(file.path, "topologies/platform") ||
                       starts_with(file.path, "analysis/version");
    for (const Include& include : file.includes) {
      const bool simgrid = starts_with(include.name, "simgrid/") || starts_with(include.name, "xbt/");
      CHECK_MESSAGE((!simgrid || knows), at(file, include.line), " includes ", include.name);
    }
  }
}

TEST_CASE("YAML is read in one place") {
  for (const SourceFile& file : house()) {
    const bool reader = starts_with(file.path, "scenarios/reader/");
    for (const Include& include : file.includes) {
      CHECK_MESSAGE((reader || !starts_with(include.name, "yaml-cpp/")), at(file, include.line), " includes ",
                    include.name);
    }
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      // node["key"].as<T>() knows neither line nor unit, and lets unknown keys pass.
      CHECK_MESSAGE(file.lines[i].find("\"].as<") == std::string::npos, at(file, static_cast<int>(i) + 1));
    }
  }
}

TEST_CASE("every header is included once") {
  for (const SourceFile& file : house()) {
    if (fs::path(file.path).extension() != ".hpp") continue;
    CHECK_MESSAGE(one_of("#pragma once", file.lines), file.path);
  }
}

TEST_CASE("a source file includes its own header first, so that headers stand on their own") {
  for (const SourceFile& file : house()) {
    const std::string own = fs::path(file.path).replace_extension(".hpp").string();
    const auto found =
        std::find_if(file.includes.begin(), file.includes.end(), [&](const Include& i) { return i.name == own; });
    CHECK_MESSAGE((found == file.includes.end() || found == file.includes.begin()), file.path);
  }
}

TEST_CASE("nothing waits to be written") {
  const std::vector<std::string> words{"TODO", "FIXME", "XXX", "not implemented"};
  for (const SourceFile& file : house()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (const std::string& word : words) {
        CHECK_MESSAGE(file.lines[i].find(word) == std::string::npos, at(file, static_cast<int>(i) + 1), ": ", word);
      }
    }
  }
}
