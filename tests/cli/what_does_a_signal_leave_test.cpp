// Ctrl-C, a batch system's SIGTERM, a terminal that is closed: one line on stderr, exit code 130, no children left, and
// no file that could be taken for a whole result. Clocks on the wall that jump change nothing at all.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;

namespace {

const std::string kScenario = "'" + shipped("migration/b200") + "'";
const std::string kLong = kScenario + " workload.num_prompts=9000000 ";
const std::string kPromises = " --slo 'p99_tpot_ms<=30' ";
constexpr const char* kNothing = "stopped before its end: nothing was written\n";

/// Runs a command in a process group of its own, and sends it a signal half a second after `appears` is there, which
/// says that it is under way: on a busy machine that takes a while. The exit code is 99 if any of the group is left.
Outcome stopped(const Folder& folder, const std::string& words, const std::string& appears, const std::string& signal,
                const std::string& to = "-$group") {
  return shell(folder, "set -m; $FLOTILLA " + words + " & group=$!; until [ -e " + appears +
                           " ]; do sleep 0.05; done; sleep 0.5; kill -" + signal + " -- " + to +
                           "; wait $group; code=$?; sleep 0.5; "
                           "grep -qsE \"^[0-9]+ \\(flotilla\\) [^Z] [0-9]+ $group \" /proc/[0-9]*/stat && exit 99; "
                           "exit $code");
}

}  // namespace

TEST_CASE("signals to a command and its children at once: 130, whoever of them ends first") {
  const Folder folder;
  for (const std::string signal : {"INT", "TERM", "HUP"}) {
    CAPTURE(signal);
    const Outcome warm = stopped(folder, "run " + kLong + "workload.warmup=auto -q -o warm", "warm", signal);
    CHECK(warm.code == 130);
    CHECK(contains(warm.err, kNothing));
    CHECK(fs::is_empty(folder / "warm"));
    fs::remove_all(folder / "warm");
    const Outcome run = stopped(folder, "run " + kLong + "-q -o run", "run", signal);
    CHECK(run.code == 130);
    CHECK(contains(contents(folder / "run/summary.json"), "\"interrupted\": true"));
    fs::remove_all(folder / "run");
    const Outcome sweep =
        stopped(folder, "sweep " + kLong + "seed=1,2,3 -q -o " + signal + ".db", signal + ".db", signal);
    CHECK(sweep.code == 130);
    CHECK(contains(sweep.err, "stopped before its end; what was finished is in "));
  }
}

TEST_CASE("commands that keep nothing of what is not done: a line, 130, no file and no child, whoever got the signal") {
  const std::vector<std::string> writing{
      "size " + kLong + kPromises + "--seeds 2 -j 2 -o out", "compare " + kLong + "--seeds 2 -j 2 -o out",
      "decide " + kLong + kPromises + "--fleet 'a: fleet.pools[0].system=hgx-b200' -j 2 -o out"};
  for (const std::string& words : writing) {
    for (const std::string signal : {"INT", "TERM", "HUP"}) {
      for (const std::string to : {"-$group", "$group"}) {
        CAPTURE(words);
        CAPTURE(signal);
        CAPTURE(to);
        const Folder folder;
        const Outcome outcome = stopped(folder, words, "out", signal, to);
        CHECK(outcome.code == 130);
        CHECK(outcome.err.starts_with(kNothing));  // and what bash says of its job
        CHECK(outcome.out == "");
        CHECK(fs::is_empty(folder / "out"));
      }
    }
  }
}

TEST_CASE("a second signal while a run saves what it has leaves nothing half-written") {
  const Folder folder;
  const std::string run = "$FLOTILLA run " + kLong + "-q --save-detailed --step-by-step -o out & ";
  const Outcome outcome = shell(folder, run +
                                            "until [ -e out/requests.csv.partial ]; do sleep 0.05; done; sleep 0.2; "
                                            "kill -TERM $!; kill -HUP $!; wait $!");
  CHECK(outcome.code == 130);
  // Whichever came first: all of it or nothing.
  CHECK(fs::exists(folder / "out/summary.json") == (outcome.err == ""));
  CHECK_FALSE(fs::exists(folder / "out/requests.csv.partial"));
}

TEST_CASE("what is half-written when a signal ends it goes, and what was there before stays") {
  const Folder folder;
  REQUIRE(command({"run", shipped("trace/replay"), "-q", "-o", folder / "run"}).code == 0);
  folder.write("report.html", "before");
  // A pipe beside the page lets it wait in the middle of its writing.
  const Outcome outcome =
      shell(folder,
            "mkfifo report.html.partial; $FLOTILLA report run -o report.html & exec 3< report.html.partial; "
            "sleep 0.5; kill -TERM $!; wait $!");
  CHECK(outcome.code == 130);
  CHECK(outcome.err == kNothing);
  CHECK(contents(folder / "report.html") == "before");
  CHECK_FALSE(fs::exists(folder / "report.html.partial"));
}

TEST_CASE("under nohup a command outlives its terminal") {
  const Folder folder;
  const Outcome outcome =
      shell(folder, "nohup $FLOTILLA sweep " + kScenario +
                        " workload.num_prompts=200000 seed=1,2 -q -o sweep.db & until [ -e sweep.db ]; do sleep 0.05; "
                        "done; kill -HUP $!; wait $!");
  CHECK(outcome.code == 0);
  CHECK(command({"sweep", shipped("migration/b200"), "workload.num_prompts=200000", "seed=1,2", "-o",
                 folder / "sweep.db", "--resume", "-q"})
            .code == 0);
}

#ifndef __SANITIZE_ADDRESS__  // whose library must be the first to be loaded
namespace {

/// Without what is of the day and of the machine.
std::string lasting(const std::string& summary) {
  auto json = nlohmann::ordered_json::parse(summary);
  for (const char* key : {"date", "sim"}) json.erase(key);
  return json.dump();
}

}  // namespace

TEST_CASE("a clock on the wall that jumps back and forth by years changes no result and no exit code") {
  const Folder calm, jumping;
  const std::string scenario = "'" + shipped("trace/replay") + "' ";
  const std::string words = "$FLOTILLA run " + scenario + "--save-detailed -o run > said && $FLOTILLA sweep '" +
                            shipped("closed-loop/h100-tp2") +
                            "' workload.num_prompts=50 seed=1,2,3 -q -o sweep.db --csv sweep.csv && "
                            "$FLOTILLA size " +
                            kScenario + " workload.num_prompts=2000 --tp 2 --seeds 2 -o size" + kPromises +
                            ">> said && "
                            "$FLOTILLA compare " +
                            scenario + "--seeds 3 -o compare >> said && $FLOTILLA report run -o report.html";
  const Outcome expected = shell(calm, words);
  CHECK_MESSAGE(expected.code == 0, expected.err);
  const Outcome outcome = shell(jumping, fmt::format("export LD_PRELOAD='{}'; {}", FLOTILLA_JUMPING_CLOCK, words));
  CHECK_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(outcome.err == expected.err);
  const auto date = [](const Folder& folder) {
    return nlohmann::json::parse(contents(folder / "run/summary.json"))["date"].get<std::string>();
  };
  CHECK(date(calm).substr(0, 4) != date(jumping).substr(0, 4));  // it does jump
  CHECK(lasting(contents(calm / "run/summary.json")) == lasting(contents(jumping / "run/summary.json")));
  for (const char* const file : {"said", "run/requests.csv", "run/timeseries.csv", "run/distributions.json",
                                 "sweep.csv", "size/size.json", "compare/compare.json"}) {
    CAPTURE(file);
    CHECK(contents(calm / file) == contents(jumping / file));
  }
}
#endif
