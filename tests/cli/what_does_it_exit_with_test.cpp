// 0 ok, 1 the run failed, 2 bad input, 70 broken invariant, 130 interrupted.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <new>
#include <nlohmann/json.hpp>

#include "analysis/cli/arguments.hpp"
#include "analysis/cli/guard.hpp"
#include "scenarios/reader/error.hpp"
#include "sim/engine/invariant.hpp"
#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace cli = flotilla::cli;

namespace {

const std::string kScenario = shipped("trace/replay");

}  // namespace

TEST_CASE("0 where all went well") {
  CHECK(command({"run", kScenario}).code == 0);
  CHECK(command({"check", kScenario}).code == 0);
  CHECK(command({"--version"}).code == 0);
  CHECK(command({"--help"}).code == 0);
  const Outcome quiet = command({"run", kScenario, "-q"});
  CHECK(quiet.code == 0);
  CHECK(quiet.out == "");
  CHECK(quiet.err == "");
}

TEST_CASE("2 where the words or the file are wrong, and nothing on stdout") {
  const Folder folder;
  const std::string empty = folder.write("empty.yaml", "");
  const std::vector<std::vector<std::string>> mistakes{
      {"rum", kScenario},
      {"run"},
      {"run", folder / "nowhere.yaml"},
      {"run", folder.path().string()},
      {"run", empty},
      {"run", kScenario, "--sed", "1"},
      {"run", kScenario, "--seed", "one"},
      {"run", kScenario, "--seed", "-1"},
      {"run", kScenario, "seed"},
      {"run", kScenario, "--save-detailed"},
      {"check", kScenario, "workload.trace.path=gone.csv"},
      {"bounds"},
      {"bounds", "--model", "llama-3.3-70b"},
      {"bounds", "--model", "llama-3.3-70b", "--gpu", "h100-sxm", "--weights", "fp9"},
      {"bounds", "--model", "gpt-2", "--gpu", "h100-sxm"},
      {"show", "costs", kScenario},
      {"list", "gpu"},
      {"size", kScenario},
      {"size", kScenario, "--slo", "p99_tpot_ms=20"},
      {"example", "migrations"}};
  for (const auto& words : mistakes) {
    const Outcome outcome = command(words);
    CAPTURE(words.front());
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    CHECK(outcome.err != "");
  }
  // Without a command the help is the answer, but not what was asked for.
  CHECK(command({}).code == 2);
}

TEST_CASE("1 where results cannot be written") {
  const Folder folder;
  folder.write("file", "");
  const Outcome below_a_file = command({"run", kScenario, "-o", folder / "file/out"});
  CHECK(below_a_file.code == 1);
  CHECK(contains(below_a_file.err, "file/out: cannot make the directory: Not a directory"));
  const Outcome full = command({"run", kScenario}, {.stdout_to = "/dev/full"});
  CHECK(full.code == 1);
  CHECK(full.err == "flotilla: cannot write to standard output: No space left on device\n");
  if (geteuid() == 0) return;  // the superuser writes into any directory
  std::filesystem::create_directory(folder.path() / "locked");
  std::filesystem::permissions(folder.path() / "locked",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  CHECK(command({"run", kScenario, "-o", folder / "locked/out"}).code == 1);
}

TEST_CASE("an output file that is in the way leaves no half-written results") {
  const Folder folder;
  std::filesystem::create_directories(folder.path() / "out/summary.json");
  const Outcome outcome = command({"run", kScenario, "-o", folder / "out"});
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.err, "summary.json"));
  CHECK(outcome.out == "");
}

TEST_CASE("a reader that has gone ends it quietly, as it ends other tools") {
  const Outcome listed = command({"list", "metrics"}, {.reader_of_stdout_is_gone = true});
  CHECK(listed.signal == SIGPIPE);
  CHECK(listed.err == "");
  // The files of a run are complete by then.
  const Folder folder;
  const Outcome run = command({"run", kScenario, "-o", folder / "out"}, {.reader_of_stdout_is_gone = true});
  CHECK(run.signal == SIGPIPE);
  CHECK(nlohmann::json::parse(contents(folder / "out/summary.json"))["completed"] == 600);
}

TEST_CASE("what is thrown decides the code") {
  CHECK(cli::exit_code_of([] { return 0; }) == 0);
  CHECK(cli::exit_code_of([] { return 130; }) == 130);
  CHECK(cli::exit_code_of([]() -> int { throw cli::UsageError("a word"); }) == 2);
  CHECK(cli::exit_code_of([]() -> int { throw flotilla::InputError({}, "", "a mistake"); }) == 2);
  CHECK(cli::exit_code_of([]() -> int { throw flotilla::sim::InvariantError("1 = 1", "2 != 1"); }) == 70);
  CHECK(cli::exit_code_of([]() -> int { throw std::runtime_error("no luck"); }) == 1);
  CHECK(cli::exit_code_of([]() -> int { throw std::bad_alloc(); }) == 1);
}

TEST_CASE("130 after Ctrl-C, with what is finished so far, marked as such") {
  const Folder folder;
  const Outcome outcome = command({"run", shipped("migration/article-b200"), "workload.num_prompts=100000000", "-o",
                                   folder / "out", "--save-detailed"},
                                  {.interrupt_after_s = 1});
  CHECK(outcome.code == 130);
  CHECK(contains(outcome.out, "stopped before its end"));
  CHECK(outcome.err == "");
  const auto summary = nlohmann::json::parse(contents(folder / "out/summary.json"));
  CHECK(summary["interrupted"] == true);
  const auto& books = summary["conservation"];
  CHECK(books["unfinished"] > 0);
  CHECK(books["completed"] > 0);
  CHECK(books["injected"] == books["completed"].get<int>() + books["unfinished"].get<int>());
  double shares = 0;
  for (const auto& share : summary["time_share"]) shares += share.get<double>();
  CHECK(shares == doctest::Approx(1));
  // A row for each, and the unfinished ones say so.
  const std::string rows = contents(folder / "out/requests.csv");
  CHECK(std::count(rows.begin(), rows.end(), '\n') == 1 + books["injected"].get<int>());
  CHECK(contains(rows, ",unfinished\n"));
  CHECK(!std::filesystem::exists(folder / "out/requests.csv.partial"));
}
