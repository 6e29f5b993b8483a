// Scenarios as users get them wrong, in mistakes/*.yaml, each with the answer it gets, in mistakes/*.txt: file, line
// and column, the line with a caret under the mistake, and what would be right. Run with FLOTILLA_RENEW=1 to write new
// answers; read them.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;

namespace {

const fs::path kFolder = fs::path(FLOTILLA_SOURCE_DIR) / "tests/cli/mistakes";
constexpr double kTolerance = 0.01;  // of gigabytes and tokens, which follow the memory ledger

std::vector<std::string> mistakes() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Outcome told_by(const char* verb, const std::string& name) {
  return command({verb, name + ".yaml"}, {.directory = kFolder});
}
std::string golden(const std::string& name) { return (kFolder / (name + ".txt")).string(); }

}  // namespace

TEST_CASE("each mistake is answered at its place, in words that help") {
  REQUIRE(mistakes().size() >= 25);
  for (const std::string& name : mistakes()) {
    CAPTURE(name);
    const Outcome outcome = told_by("run", name);
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    if (renewing()) std::ofstream(golden(name)) << outcome.err;
    CHECK(difference(contents(golden(name)), outcome.err, kTolerance) == "");
  }
}

TEST_CASE("check finds what run finds, but for the lines of a trace") {
  for (const std::string& name : mistakes()) {
    CAPTURE(name);
    const Outcome checked = told_by("check", name);
    if (name == "trace-with-many-bad-lines") {
      CHECK(checked.code == 0);
      continue;
    }
    CHECK(checked.code == 2);
    CHECK(difference(contents(golden(name)), checked.err, kTolerance) == "");
  }
}

TEST_CASE("a file that is no scenario is named") {
  const Folder folder;
  folder.write("chat.yaml", "name: chat\n");
  const Outcome directory = command({"run", "."}, {.directory = folder.path()});
  CHECK(directory.code == 2);
  CHECK(directory.err == ".: this is a directory, a YAML file is expected\nhint: YAML files there: chat.yaml\n");
  const Outcome missing = command({"run", "cat.yaml"}, {.directory = folder.path()});
  CHECK(missing.code == 2);
  CHECK(missing.err == "cat.yaml: no such file\nhint: did you mean 'chat.yaml'?\n");
}

TEST_CASE("one bad line among thousands is left out, counted and shown, the run goes on") {
  const Folder folder;
  std::string trace = "timestamp,input_length,output_length\n";
  for (int i = 0; i < 3000; ++i) {
    trace += i == 1500 ? "300.0,800\n" : std::to_string(0.2 * i) + ",800,40\n";
  }
  folder.write("trace.csv", trace);
  folder.write("chat.yaml", R"(name: chat
model: llama-3.3-70b
fleet: {pools: [{name: chat, system: hgx-h100, gpus: 8}]}
serving: [{pool: chat, weights: fp8, tensor_parallel_size: 2}]
workload: {trace: {path: trace.csv}}
)");
  const Outcome outcome = command({"run", "chat.yaml"}, {.directory = folder.path()});
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.out, "2999 injected = 2999 completed + 0 rejected + 0 unfinished"));
  CHECK(contains(outcome.out,
                 "           1 skipped: bad lines\n             line 1502: 2 columns, at least 3 are needed\n"));
  const Outcome strict = command({"run", "chat.yaml", "workload.trace.max_bad_lines=0"}, {.directory = folder.path()});
  CHECK(strict.code == 2);
  CHECK(contains(strict.err, "trace.csv:1502:"));
}
