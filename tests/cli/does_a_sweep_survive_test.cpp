// `flotilla sweep` keeps what it has: killed, interrupted, resumed or shared out, it exports the bytes of a sweep that
// nothing disturbed. And it refuses databases that are not its own.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;

namespace {

/// A scenario of which a point takes some hundredths of a second, and one point in five is impossible.
std::vector<std::string> sweep_to(const Folder& folder, const std::string& database,
                                  const std::vector<std::string>& more) {
  std::vector<std::string> words{"sweep",
                                 shipped("closed-loop/h100-tp2"),
                                 "workload.num_prompts=20000",
                                 "workload.max_concurrency=8,16,32",
                                 "serving[0].tensor_parallel_size,fleet.pools[0].gpus=1:1,2:2,2:4,4:4,8:8",
                                 "-o",
                                 folder / database,
                                 "-q"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

constexpr int kSomePointsFailed = 1;

/// The database held by another program while this lives.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
    REQUIRE(sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  ~Holder() { sqlite3_close(handle_); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  sqlite3* handle_ = nullptr;
};

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  REQUIRE(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
}

}  // namespace

TEST_CASE("killed ten times at random moments and resumed, a sweep exports the same bytes") {
  const Folder folder;
  REQUIRE(command(sweep_to(folder, "whole.db", {"-j", "2", "--csv", folder / "whole.csv"})).code == kSomePointsFailed);
  const std::string whole = contents(folder / "whole.csv");
  std::mt19937 random(20);
  int killed = 0;
  for (int i = 0; i < 10; ++i) {
    const double after = 0.02 + 0.15 * static_cast<double>(random()) / 4294967296.0;
    const Outcome outcome = command(sweep_to(folder, "torn.db", {"-j", "2", "--resume"}), {.kill_after_s = after});
    killed += outcome.signal == SIGKILL ? 1 : 0;
    CHECK_MESSAGE((outcome.signal == SIGKILL || outcome.code == kSomePointsFailed), outcome.err);
  }
  CHECK(killed >= 3);  // the later ones may find nothing left to do
  const Outcome last = command(sweep_to(folder, "torn.db", {"--resume", "--csv", folder / "torn.csv"}));
  CHECK_MESSAGE(last.code == kSomePointsFailed, last.err);
  CHECK(contents(folder / "torn.csv") == whole);
}

TEST_CASE("Ctrl-C keeps what was finished, says how to go on, and leaves nothing else behind") {
  const Folder folder;
  auto words = sweep_to(folder, "torn.db", {"-j", "1", "workload.num_prompts=400000"});
  words.erase(std::find(words.begin(), words.end(), "workload.num_prompts=20000"));
  const Outcome stopped = command(words, {.interrupt_after_s = 0.7});
  CHECK(stopped.code == 130);
  CHECK(stopped.err ==
        "stopped before its end; what was finished is in " + (folder / "torn.db") + ", and --resume goes on\n");
  CHECK(stopped.out == "");
  CHECK(fs::exists(folder / "torn.db"));
  CHECK_FALSE(fs::exists(folder / "torn.db-wal"));
}

TEST_CASE("points that cannot be built are stored with the reason, and the others run") {
  const Folder folder;
  auto words = sweep_to(folder, "sweep.db", {"--csv", folder / "sweep.csv"});
  words.erase(std::find(words.begin(), words.end(), "-q"));
  const Outcome outcome = command(words);
  CHECK(outcome.code == kSomePointsFailed);
  CHECK(contains(outcome.out, "h100-tp2: 12 of 15 points done, 3 failed.\n"));
  CHECK(contains(outcome.out, "llama-3.3-70b in fp8 does not fit on 1 x h100-sxm"));
  CHECK(contains(outcome.out, "point 0: max_concurrency=8 tensor_parallel_size=1 gpus=1, and 2 more"));
  CHECK(contains(line_of(contents(folder / "sweep.csv"), "0,8,1,1,failed,"), "does not fit on 1 x h100-sxm"));
  // The view that documents show knows points without a summary.
  run_sql(folder / "sweep.db", "SELECT * FROM figures ORDER BY p99_ttft_ms");
  // What failed is not missing; it is run again where that is asked for.
  run_sql(folder / "sweep.db", "UPDATE results SET error = 'out of luck' WHERE point = 0");
  CHECK(command(sweep_to(folder, "sweep.db", {"--resume", "--csv", folder / "sweep.csv"})).code == kSomePointsFailed);
  CHECK(contains(contents(folder / "sweep.csv"), "out of luck"));
  CHECK(command(sweep_to(folder, "sweep.db", {"--retry-failed", "--csv", folder / "sweep.csv"})).code ==
        kSomePointsFailed);
  CHECK_FALSE(contains(contents(folder / "sweep.csv"), "out of luck"));
}

TEST_CASE("shares, each with a database of its own, come together as the whole") {
  const Folder folder;
  REQUIRE(command(sweep_to(folder, "whole.db", {"--csv", folder / "whole.csv"})).code == kSomePointsFailed);
  for (const char* const share : {"1/3", "2/3", "3/3"}) {
    const std::string part = "part-" + std::string(1, share[0]) + ".db";
    const Outcome outcome = command(sweep_to(folder, part, {"--points", share}));
    CHECK_MESSAGE((outcome.code == 0 || outcome.code == kSomePointsFailed), outcome.err);
  }
  const Outcome outcome = command({"sweep", "--collect", folder / "part-1.db", folder / "part-2.db",
                                   folder / "part-3.db", "-o", folder / "all.db", "--csv", folder / "all.csv"});
  CHECK(outcome.code == kSomePointsFailed);
  CHECK(contains(outcome.out, "h100-tp2: 12 of 15 points done, 3 failed.\n"));
  CHECK(contents(folder / "all.csv") == contents(folder / "whole.csv"));
}

TEST_CASE("a database is not written over, nor mixed with another sweep, scenario or program") {
  const Folder folder;
  const std::string scenario = folder.write("mine.yaml", contents(shipped("closed-loop/h100-tp2")));
  const std::string database = folder / "sweep.db";
  const std::vector<std::string> first{"sweep", scenario, "workload.num_prompts=10,20", "-q", "-o", database};
  REQUIRE(command(first).code == 0);
  const auto refusal = [&](const std::vector<std::string>& words) {
    const Outcome outcome = command(words);
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    return outcome.err;
  };
  CHECK(refusal(first) == database +
                              ": this file is there already\n"
                              "hint: --resume goes on with a sweep; or choose another file with -o\n");
  CHECK(contains(refusal({"sweep", scenario, "workload.num_prompts=10,30", "--resume", "-o", database}),
                 "this is another sweep: 2 points of " + scenario + " over workload.num_prompts; asked for are 2"));
  folder.write("mine.yaml", contents(scenario) + "seed: 5\n");
  CHECK(contains(refusal({"sweep", scenario, "workload.num_prompts=10,20", "--resume", "-o", database}),
                 "this is another sweep"));
  folder.write("mine.yaml", contents(shipped("closed-loop/h100-tp2")));
  run_sql(database, "UPDATE sweep SET value = '0123456789ab' WHERE key = 'commit'");
  CHECK(contains(refusal({"sweep", scenario, "workload.num_prompts=10,20", "--resume", "-o", database}),
                 "(0123456789ab), this is "));
}

TEST_CASE("what is no database, or a damaged one, is left alone and named") {
  const Folder folder;
  const std::string text = folder.write("notes.txt", std::string(5000, 'x'));
  const std::string scenario = shipped("closed-loop/h100-tp2");
  const Outcome notes = command({"sweep", scenario, "seed=1,2", "--resume", "-o", text});
  CHECK(notes.code == 2);
  CHECK(contains(notes.err, text + ": this is no database of a sweep, and it is left as it is"));
  CHECK(contents(text) == std::string(5000, 'x'));

  const std::string other = folder / "other.db";
  run_sql(other, "CREATE TABLE mine(x)");
  CHECK(contains(command({"sweep", scenario, "seed=1,2", "--resume", "-o", other}).err,
                 "this is no database of a sweep"));

  const std::string torn = folder / "torn.db";
  REQUIRE(command({"sweep", scenario, "seed=1,2", "workload.num_prompts=10", "-q", "-o", torn}).code == 0);
  {
    std::fstream file(torn, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(4096 * 6, '\xff');
  }
  const Outcome damaged = command({"sweep", scenario, "seed=1,2", "workload.num_prompts=10", "--resume", "-o", torn});
  CHECK(damaged.code == 1);
  CHECK(contains(damaged.err, torn + ": the database is damaged"));
}

TEST_CASE("a database that another program keeps locked is named, and nothing is lost") {
  const Folder folder;
  const std::string database = folder / "sweep.db";
  const std::vector<std::string> words{
      "sweep", shipped("closed-loop/h100-tp2"), "seed=1,2,3", "workload.num_prompts=10", "-q", "--resume", "-o",
      database};
  REQUIRE(command(words).code == 0);
  run_sql(database, "DELETE FROM results WHERE point = 1");
  {
    const Holder holder(database);
    const Outcome locked = command(words);
    CHECK(locked.code == 1);
    CHECK(contains(locked.err, database + ": another program keeps the database locked"));
  }
  CHECK(command(words).code == 0);
}

TEST_CASE("Slurm's jobs, task by task and in the wrong order, come to the whole") {
  const Folder folder;
  // A folder and words that a shell would take apart.
  fs::create_directory(folder.path() / "it's here");
  const std::string database = folder / "it's here/sweep.db";
  const std::vector<std::string> sweep{"sweep", shipped("closed-loop/h100-tp2"), "workload.num_prompts=20,40",
                                       "workload.input_tokens={uniform: [80, 100]},512",
                                       "serving[0].tensor_parallel_size=2"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = sweep;
    words.insert(words.end(), more.begin(), more.end());
    return command(words);
  };
  REQUIRE(with({"-q", "-o", folder / "whole.db", "--csv", folder / "whole.csv"}).code == 0);
  const Outcome written = with({"--slurm", "--shares", "3", "-j", "2", "-o", database});
  REQUIRE_MESSAGE(written.code == 0, written.err);
  CHECK(contains(written.out, "4 points in 3 shares."));
  CHECK(contains(written.out, "  job=$(sbatch --parsable "));
  CHECK_FALSE(fs::exists(database));
  const std::string array = folder / "it's here/sweep.array.sh";
  const std::string collect = folder / "it's here/sweep.collect.sh";
  CHECK(line_of(contents(array), "#SBATCH --array") == "#SBATCH --array=1-3");
  CHECK(line_of(contents(array), "#SBATCH --cpus-per-task") == "#SBATCH --cpus-per-task=2");

  const auto task = [&](const char* number) {
    return program({"env", std::string("SLURM_ARRAY_TASK_ID=") + number, "bash", array});
  };
  CHECK(task("3").code == 0);
  const Outcome early = program({"bash", collect});
  CHECK(early.code == 1);
  CHECK(contains(early.out, "1 of 4 points done, 3 still to do."));
  CHECK(task("1").code == 0);
  CHECK(task("2").code == 0);
  CHECK(task("2").code == 0);  // requeued
  const Outcome last = program({"bash", collect});
  CHECK_MESSAGE(last.code == 0, last.err);
  CHECK(contents(folder / "it's here/sweep.csv") == contents(folder / "whole.csv"));
}
