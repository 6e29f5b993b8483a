// A worked scenario travels with the binary: it is copied, never over another, and runs as it is.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kExamples{"cache", "decisions", "migration", "closed-loop", "fabric",
                                         "life",  "power",     "sweeps",    "tenants",     "trace"};

}  // namespace

TEST_CASE("without a name the examples are listed, and nothing is written") {
  const Folder folder;
  const Outcome outcome = command({"example"}, {.directory = folder.path()});
  CHECK(outcome.code == 0);
  for (const std::string& name : kExamples) CHECK(line_of(outcome.out, name + " ") != "");
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("copies are what is shipped, byte for byte, and run from where they lie") {
  for (const std::string& name : kExamples) {
    CAPTURE(name);
    const Folder folder;
    const Outcome copied = command({"example", name}, {.directory = folder.path()});
    REQUIRE(copied.code == 0);
    int scenarios = 0;
    for (const auto& entry : fs::directory_iterator(folder.path() / name)) {
      const std::string file = entry.path().filename().string();
      CHECK(contains(copied.out, name + "/" + file + "\n"));
      CHECK(contents(entry.path().string()) ==
            contents(std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/" + name + "/" + file));
      if (entry.path().extension() != ".yaml") continue;
      ++scenarios;
      if (is_sweep_file(entry.path().string())) {
        const Outcome swept = command({"sweep", file, "-q", "-o", "out.db"}, {.directory = folder.path() / name});
        CHECK_MESSAGE(swept.code == 0, swept.err);
        continue;
      }
      const Outcome run = command({"run", file, "-q", "-o", "out"}, {.directory = folder.path() / name});
      CHECK_MESSAGE(run.code == 0, run.err);
      fs::remove_all(folder.path() / name / "out");
    }
    CHECK(scenarios >= 1);
  }
}

TEST_CASE("every shipped scenario belongs to an example") {
  for (const std::string& path : shipped_scenarios()) {
    const std::string folder = fs::path(path).parent_path().filename().string();
    CHECK_MESSAGE(std::find(kExamples.begin(), kExamples.end(), folder) != kExamples.end(), path);
  }
}

TEST_CASE("what is there already is not written over") {
  const Folder folder;
  folder.write("migration/b200.yaml", "mine");
  const Outcome outcome = command({"example", "migration"}, {.directory = folder.path()});
  CHECK(outcome.code == 2);
  CHECK(outcome.err == "flotilla example: 'migration' exists here already; nothing was written\n");
  CHECK(contents(folder / "migration/b200.yaml") == "mine");
}
