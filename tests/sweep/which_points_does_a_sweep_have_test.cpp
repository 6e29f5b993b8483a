// From a scenario or a sweep file and words to points: all combinations, in a fixed order, each with a hash of its own.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "analysis/sweep/run_sweep.hpp"
#include "analysis/sweep/sweep.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

namespace {

const std::string kScenario = std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/closed-loop/h100-tp2.yaml";

/// A sweep file over the closed loop, gone when the test is.
class SweepFile {
 public:
  explicit SweepFile(const std::string& lines) {
    std::string name = (fs::temp_directory_path() / "flotilla-sweep-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    fs::copy(kScenario, folder_ / "scenario.yaml");
    std::ofstream(path()) << "scenario: scenario.yaml\n" << lines;
  }
  ~SweepFile() { fs::remove_all(folder_); }
  SweepFile(const SweepFile&) = delete;
  SweepFile& operator=(const SweepFile&) = delete;
  [[nodiscard]] std::string path() const { return (folder_ / "sizes.yaml").string(); }

 private:
  fs::path folder_;
};

std::string complaint(const std::string& path, const Texts& words) {
  try {
    hashes_of_points(read_sweep(path, words));
  } catch (const InputError& e) {
    return e.what();
  }
  return "nothing";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("all combinations, the last axis fastest, plain changes in each") {
  const Sweep sweep =
      read_sweep(kScenario, {"workload.max_concurrency=4,8", "seed=7", "workload.num_prompts=range(10,30,10)"});
  REQUIRE(sweep.size() == 6);
  CHECK(sweep.assignments(0) == Texts{"workload.max_concurrency=4", "seed=7", "workload.num_prompts=10"});
  CHECK(sweep.assignments(4) == Texts{"workload.max_concurrency=8", "seed=7", "workload.num_prompts=20"});
  CHECK(sweep.swept_keys() == Texts{"workload.max_concurrency", "workload.num_prompts"});
  CHECK(sweep.swept_values(5) == Texts{"8", "30"});
}

TEST_CASE("a scenario without axes is one point") { CHECK(read_sweep(kScenario, {}).size() == 1); }

TEST_CASE("a sweep file names its scenario and its axes, and the command line takes the place of one") {
  const SweepFile file("sweep:\n  - workload.max_concurrency=4,8\n  - 'seed=1,2,3'\n");
  const Sweep whole = read_sweep(file.path(), {});
  CHECK(whole.name == "sizes");
  CHECK(whole.size() == 6);
  const Sweep fewer = read_sweep(file.path(), {"seed=9", "workload.num_prompts=20"});
  CHECK(fewer.size() == 2);
  CHECK(fewer.assignments(1) == Texts{"workload.max_concurrency=8", "seed=9", "workload.num_prompts=20"});
}

TEST_CASE("a mistake in a sweep file is shown where it stands") {
  const SweepFile word("sweep:\n  - seed=1,2\n  - 'workload.max_concurrency=rang(1,4)'\n");
  CHECK(contains(complaint(word.path(), {}), "sizes.yaml:4:31: 'rang' is no series of values"));
  const SweepFile twice("sweep: [\"seed=1\", \"seed=2\"]\n");
  CHECK(contains(complaint(twice.path(), {}), "sweep[1]: a key of this is given twice"));
  const SweepFile unknown("sweeps: []\nsweep: []\n");
  CHECK(contains(complaint(unknown.path(), {}), "unknown key 'sweeps'"));
}

TEST_CASE("keys that change together are given together") {
  const SweepFile file("sweep: ['serving[0].tensor_parallel_size,fleet.pools[0].gpus=1:1,2:2']\n");
  CHECK(contains(complaint(file.path(), {"fleet.pools[0].gpus=4"}),
                 "give all of them: 'serving[0].tensor_parallel_size,fleet.pools[0].gpus=...'"));
  CHECK(contains(complaint(kScenario, {"seed=1", "seed=2"}), "a key of this is given twice"));
}

TEST_CASE("what no scenario could have is refused before anything runs") {
  CHECK(contains(complaint(kScenario, {"workload.max_concurency=4,8"}), "did you mean 'max_concurrency'?"));
  CHECK(contains(complaint(kScenario, {"workload.max_concurrency=4,eight"}), "workload.max_concurrency"));
  CHECK(contains(complaint(kScenario, {"seed=range(1,1000)", "workload.num_prompts=range(1,1000)"}),
                 "these are 1000000 points; a sweep has 100000 at most"));
}

TEST_CASE("points differ in their hashes, and the same sweep has the same ones") {
  const Sweep sweep = read_sweep(kScenario, {"workload.max_concurrency=4,8", "seed=1,2"});
  const auto hashes = hashes_of_points(sweep);
  CHECK(std::set<std::string>(hashes.begin(), hashes.end()).size() == 4);
  CHECK(hashes_of_points(sweep) == hashes);
  const Sweep other = read_sweep(kScenario, {"workload.max_concurrency=4,8", "seed=1,3"});
  CHECK(hash_of_sweep(sweep, hashes) != hash_of_sweep(other, hashes_of_points(other)));
}

TEST_CASE("shares take every point once") {
  std::multiset<std::size_t> taken;
  for (std::size_t i = 1; i <= 3; ++i) {
    for (const std::size_t point : points_of({i, 3}, 10)) taken.insert(point);
  }
  CHECK(taken == std::multiset<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(points_of({2, 3}, 10) == std::vector<std::size_t>{1, 4, 7});
  CHECK(parse_share("2/3").index == 2);
  CHECK(parse_share("2/3").count == 3);
  for (const char* const wrong : {"", "1", "0/3", "4/3", "1/3x", "a/b", "1/", "-1/3"})
    CHECK_THROWS_AS(parse_share(wrong), std::invalid_argument);
}
