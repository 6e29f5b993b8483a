// Does a path that cannot be read say why, and what else there is?
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
namespace fs = std::filesystem;

namespace {

/// A folder of its own for each case, gone afterwards.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "flotilla-reader-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return at(name);
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string load_error(const std::string& path) {
  return error_from([&] { Document::load(path); });
}

}  // namespace

TEST_CASE("a file is read, and its path stands in errors as the user wrote it") {
  const Folder folder;
  const std::string path = folder.file("good.yaml", "name: x\nseed: 8O\n");
  CHECK(Document::load(path).name() == path);
  CHECK(error_from([&] {
          flotilla::reader::read<Scenario>(Document::load(path).root());
        }).find(path + ":2:7: seed: '8O'") == 0);
}

TEST_CASE("a missing file suggests the nearest name") {
  const Folder folder;
  folder.file("migration.yaml", "a: 1");
  CHECK(load_error(folder.at("migraton.yaml")) ==
        folder.at("migraton.yaml") + ": no such file\nhint: did you mean '" + folder.at("migration.yaml") + "'?");
}

TEST_CASE("a missing file that resembles none lists the YAML files") {
  const Folder folder;
  folder.file("b.yml", "a: 1");
  folder.file("a.yaml", "a: 1");
  folder.file("notes.txt", "");
  CHECK(load_error(folder.at("something.yaml")) ==
        folder.at("something.yaml") + ": no such file\nhint: YAML files there: a.yaml, b.yml");
}

TEST_CASE("a missing folder is named") {
  const Folder folder;
  CHECK(load_error(folder.at("none/a.yaml")) ==
        folder.at("none/a.yaml") + ": no such file\nhint: there is no folder '" + folder.at("none") + "'");
}

TEST_CASE("a directory is no file") {
  const Folder folder;
  folder.file("a.yaml", "a: 1");
  CHECK(load_error(folder.at("")) ==
        folder.at("") + ": this is a directory, a YAML file is expected\nhint: YAML files there: a.yaml");
}

TEST_CASE("an empty path") { CHECK(load_error("") == "the name of the file is empty"); }

TEST_CASE("an empty file") {
  const Folder folder;
  const std::string path = folder.file("empty.yaml", "");
  CHECK(load_error(path) == path + ": the file is empty");
}

TEST_CASE("a file of 100 MB is refused by its size, before it is read") {
  const Folder folder;
  const std::string path = folder.file("big.yaml", "a: 1\n");
  fs::resize_file(path, 100'000'000);
  CHECK(load_error(path) == path +
                                ": the file has 100.0 MB; at most 16 MB are read\n"
                                "hint: traces and other large data are named in a scenario, not written into it");
}

TEST_CASE("a device without end is read no further than the limit") {
  CHECK(load_error("/dev/zero").find("/dev/zero: more than 16 MB of text") == 0);
}

TEST_CASE("a file that may not be read") {
  if (geteuid() == 0) return;  // root may read everything
  const Folder folder;
  const std::string path = folder.file("secret.yaml", "a: 1\n");
  chmod(path.c_str(), 0);
  CHECK(load_error(path) == path + ": the file cannot be opened: Permission denied");
}

TEST_CASE("a binary file") {
  const Folder folder;
  const std::string path = folder.file("program", std::string("\x7f"
                                                              "ELF\x02\0\0",
                                                              7));
  CHECK(load_error(path).find(path + ":1:1: byte 0x7f is not text") == 0);
}
