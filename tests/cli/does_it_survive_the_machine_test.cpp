// Disks that are full, descriptors that are closed, memory that ends, files that change meanwhile: one
// message, the right exit code, and nothing left that could be taken for a whole result.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;

namespace {

const std::string kScenario = shipped("trace/replay");
const std::string kSweep = "$FLOTILLA sweep '" + shipped("closed-loop/h100-tp2") + "' workload.num_prompts=20";

/// As shell(), with disks of its own, which are gone afterwards. False where the system does not allow that.
bool in_own_mounts(const Folder& folder, const std::string& script, Outcome& outcome) {
  if (program({"unshare", "-m", "true"}).code != 0) return false;
  outcome = program({"env", std::string("FLOTILLA=") + FLOTILLA_BINARY, "unshare", "-m", "bash", "-c", script},
                    {.directory = folder.path()});
  return outcome.code != 99;  // what the scripts end with where they cannot mount
}

std::map<std::string, std::string> files_in(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(directory))
    files[entry.path().filename().string()] = entry.is_regular_file() ? contents(entry.path().string()) : "";
  return files;
}

}  // namespace

TEST_CASE("a disk that is full while a run writes: nothing of it is left, and what was there before stays") {
  const Folder folder;
  const std::string run = "$FLOTILLA run '" + kScenario + "' -q --save-detailed -o out";
  const Outcome fresh = shell(folder, "ulimit -f 4; " + run);
  CHECK(fresh.code == 1);
  CHECK(fresh.err == "flotilla: out/requests.csv: cannot write: File too large\n");
  CHECK(fs::is_empty(folder / "out"));
  // Of the files that a run writes at its end, some fit and some do not.
  REQUIRE(shell(folder, run + " seed=2").code == 0);
  const auto before = files_in(folder / "out");
  const Outcome again = shell(folder, "ulimit -f 4; $FLOTILLA run '" + kScenario + "' -q -o out seed=3");
  CHECK(again.code == 1);
  CHECK(contains(again.err, ": cannot write: File too large\n"));
  CHECK(files_in(folder / "out") == before);
}

TEST_CASE("a disk that is full while anything else is written") {
  const Folder folder;
  REQUIRE(command({"run", kScenario, "-q", "-o", folder / "out"}).code == 0);
  fs::create_directory(folder / "here");
  const auto fails = [&](const std::string& words) {
    // The message goes by a pipe: the limit is of all files, also of that which keeps what is said here.
    const Outcome outcome = shell(
        folder, "cd here; { ulimit -f 0; $FLOTILLA " + words + " > /dev/null; } 2>&1 | cat >&2; exit ${PIPESTATUS[0]}");
    CAPTURE(words);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, ": cannot write: File too large\n"));
    CHECK(fs::is_empty(folder / "here"));
  };
  fails("report ../out -o report.html");
  fails("example decisions");
  fails("run '" + kScenario + "' --trace drawn.json");
  fails("run '" + kScenario + "' --trace drawn.json.gz");
}

TEST_CASE("a sweep on a full disk keeps what it has, and goes on once there is room") {
  const Folder folder;
  const std::string sweep = kSweep + " 'seed=range(1,30)' -q ";
  REQUIRE(shell(folder, sweep + "-o whole.db --csv whole.csv").code == 0);
  Outcome full;
  const std::string script = "mkdir disk; mount -t tmpfs -o size=256k none disk || exit 99;" + sweep +
                             "-o disk/torn.db; code=$?; cp disk/torn.db* .; exit $code";
  if (!in_own_mounts(folder, script, full)) return;
  CHECK(full.code == 1);
  CHECK(full.err ==
        "flotilla: disk/torn.db: no space is left on the disk; what was stored is safe: make room, then --resume\n");
  const Outcome rest = shell(folder, sweep + "-o torn.db --resume --csv torn.csv");
  CHECK_MESSAGE(rest.code == 0, rest.err);
  CHECK(contents(folder / "torn.csv") == contents(folder / "whole.csv"));
}

TEST_CASE("a folder that may not be written is named") {
  const Folder folder;
  const std::vector<std::string> writing{"run '" + kScenario + "' -o /proc/out",
                                         "run '" + kScenario + "' --trace /proc/drawn", "example trace",
                                         "sweep '" + shipped("closed-loop/h100-tp2") + "' seed=1,2 -o /proc/sweep.db"};
  for (const std::string& words : writing) {
    const Outcome outcome = shell(folder, "cd /proc; $FLOTILLA " + words);
    CAPTURE(words);
    CHECK(outcome.code == 1);
    CHECK(outcome.out == "");
    CHECK(contains(outcome.err, words == "example trace" ? "flotilla: trace: cannot make the directory: " : "/proc/"));
  }
  const Outcome directory = shell(folder, kSweep + " seed=1,2 -o .");
  CHECK(directory.code == 2);
  CHECK(contains(directory.err, ".: this is a directory; a sweep goes into a file"));
}

TEST_CASE("a sweep is shown from a disk that may only be read") {
  const Folder folder;
  fs::create_directory(folder / "disk");
  REQUIRE(shell(folder, kSweep + " seed=1,2 -q -o 'disk/it?%41.db'").code == 0);
  Outcome outcome;
  if (!in_own_mounts(folder,
                     "mount --bind disk disk && mount -o remount,ro,bind disk || exit 99;"
                     "$FLOTILLA report 'disk/it?%41.db' -o sweep.html",
                     outcome))
    return;
  CHECK_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(fs::exists(folder / "sweep.html"));
}

TEST_CASE("a device or a pipe is written to, not replaced, and what a link leads to is replaced, not the link") {
  const Folder folder;
  REQUIRE(command({"run", kScenario, "-q", "-o", folder / "out"}).code == 0);
  REQUIRE(shell(folder, "$FLOTILLA report out -o plain.html").code == 0);
  const Outcome pipe = shell(
      folder, "mkfifo pipe; cat pipe > piped.html & $FLOTILLA report out -o pipe > said; code=$?; wait; exit $code");
  CHECK_MESSAGE(pipe.code == 0, pipe.err);
  CHECK(fs::is_fifo(folder / "pipe"));
  CHECK(contents(folder / "piped.html") == contents(folder / "plain.html"));
  const Outcome drawn =
      shell(folder, "cat pipe > drawn & $FLOTILLA run '" + kScenario + "' -q --trace pipe; code=$?; wait; exit $code");
  CHECK_MESSAGE(drawn.code == 0, drawn.err);
  CHECK(fs::is_fifo(folder / "pipe"));
  CHECK(contains(contents(folder / "drawn"), "traceEvents"));
  fs::create_directory(folder / "elsewhere");
  fs::create_symlink("elsewhere/report.html", folder / "link.html");
  REQUIRE(shell(folder, "$FLOTILLA report out -o link.html").code == 0);
  CHECK(fs::is_symlink(folder / "link.html"));
  CHECK(contents(folder / "elsewhere/report.html") == contents(folder / "plain.html"));
}

TEST_CASE("a closed stdout is an error, and no file gets what would have been printed") {
  const Folder folder;
  const Outcome sweep = shell(folder, kSweep + " seed=1,2 -o sweep.db <&- >&-");
  CHECK(sweep.code == 1);
  CHECK(sweep.err == "flotilla: cannot write to standard output: Bad file descriptor\n");
  CHECK(shell(folder, kSweep + " seed=1,2 -q -o sweep.db --resume").code == 0);
  for (const char* const closed : {">&-", "2>&-", "<&- >&- 2>&-"}) {
    const Outcome run = shell(folder, "$FLOTILLA run '" + kScenario + "' --explain 1 --save-detailed -o out " + closed);
    CAPTURE(closed);
    CHECK(run.code == (std::string(closed) == "2>&-" ? 0 : 1));
    CHECK(contents(folder / "out/requests.csv").starts_with("id,"));
    CHECK(contents(folder / "out/summary.json").starts_with("{"));
  }
  // More than a buffer of it, so that printing fails before the end.
  CHECK(command({"list", "metrics"}, {.stdout_to = "/dev/full"}).err ==
        "flotilla: cannot write to standard output: No space left on device\n");
}

#ifndef __SANITIZE_ADDRESS__  // which reserves terabytes of addresses
TEST_CASE("out of memory: it says so and leaves nothing") {
  const Folder folder;
  const std::string load = " '" + shipped("migration/article-b200") + "' workload.num_prompts=3000000 -q";
  const Outcome run = shell(folder, "ulimit -v 100000; $FLOTILLA run" + load + " --save-detailed -o out");
  CHECK(run.code == 1);
  CHECK(run.err == "flotilla: out of memory\n");
  CHECK(fs::is_empty(folder / "out"));
  const Outcome sweep = shell(folder, "ulimit -v 100000; $FLOTILLA sweep" + load + " seed=1,2 -j 1 -o sweep.db");
  CHECK(sweep.code == 1);
  CHECK(sweep.err == "flotilla sweep: 2 of 2 points failed, the first of them: out of memory\n");
}
#endif

TEST_CASE("a trace that ends too early, or is written to while it is read, gives no result") {
  const Folder folder;
  std::string rows = "timestamp,input_length,output_length\n";
  for (int i = 0; i < 100'000; ++i) rows += fmt::format("{:.3f},{},{}\n", i * 0.02, 100 + i % 900, 20 + i % 300);
  folder.write("trace.csv", rows);
  REQUIRE(shell(folder, "gzip -c trace.csv > whole.gz; head -c 200000 whole.gz > cut.csv.gz").code == 0);
  const std::string run =
      "$FLOTILLA run '" + kScenario + "' -q --save-detailed --step-by-step -o out workload.trace.path=";
  const Outcome cut = shell(folder, run + "$PWD/cut.csv.gz");
  CHECK(cut.code == 2);
  CHECK(contains(cut.err, "cut.csv.gz: the compressed file ends too early after line "));
  CHECK(fs::is_empty(folder / "out"));
  for (const char* const change : {"echo 5000,1,1 >> trace.csv", "truncate -s 1000000 trace.csv"}) {
    // Once its rows are under way, the run has seen the trace as it was.
    const Outcome changed =
        shell(folder, run + "$PWD/trace.csv & until [ -e out/requests.csv.partial ]; do sleep 0.01; done; " + change +
                          "; wait $!");
    CAPTURE(change);
    CHECK(changed.code == 1);
    CHECK(contains(changed.err, "trace.csv: the trace changed while it was read ("));
    CHECK(fs::is_empty(folder / "out"));
  }
}
