// A rack under a cap: what it does to steps, tails and energy, and whether power adds up.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "analysis/run.hpp"
#include "analysis/summary/json.hpp"
#include "scenarios/reader/error.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;

namespace {

const std::vector<std::string> kFewer{"workload.num_prompts=4000"};

Summary simulate(const std::string& name, std::vector<std::string> overrides = kFewer) {
  return run_in_child(
      load_scenario(std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/" + name + ".yaml", std::move(overrides)));
}

Summary with(std::vector<std::string> overrides) {
  overrides.insert(overrides.end(), kFewer.begin(), kFewer.end());
  return simulate("power/free", std::move(overrides));
}

/// In a process of its own, with result files.
Summary simulate_into(const std::filesystem::path& folder, const LoadedScenario& loaded) {
  const pid_t child = fork();
  if (child == 0) {
    RunPlan plan;
    plan.output_directory = folder;
    run_here(loaded, plan);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  return summary_from_json(nlohmann::ordered_json::parse(std::ifstream(folder / "summary.json")));
}

std::string refusal(const std::vector<std::string>& overrides) {
  try {
    load_scenario(std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/power/free.yaml", overrides);
  } catch (const InputError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("at 80 % of its power a rack's steps stretch, p99 grows, and a token costs less energy") {
  const Summary free = simulate("power/free"), capped = simulate("power/capped");
  const double cap = 25200;
  CHECK(free.pools[0].rack_peak_watts > cap);
  CHECK(cap / free.pools[0].rack_peak_watts == Approx(0.8).epsilon(0.01));
  CHECK(capped.pools[0].rack_peak_watts <= cap * (1 + 1e-9));
  CHECK(capped.pools[0].rack_average_watts <= capped.pools[0].rack_peak_watts);
  CHECK(capped.tpot.mean > free.tpot.mean);
  CHECK(capped.tpot.p99 > free.tpot.p99);
  CHECK(capped.decode_step.calibrated_ms > free.decode_step.calibrated_ms);
  CHECK(capped.e2el.p99 > free.e2el.p99);
  CHECK(*capped.energy.joules_per_output_token < *free.energy.joules_per_output_token);
  CHECK(capped.conservation.injected == capped.conservation.completed + capped.conservation.unfinished);
}

TEST_CASE("a cap that nobody reaches changes nothing but what it says") {
  const Summary free = with({}), loose = with({"fleet.pools[0].power.gpu_cap=700W"});
  CHECK(loose.tpot.p99 == free.tpot.p99);
  CHECK(loose.e2el.mean == free.e2el.mean);
  CHECK(loose.energy.kwh == free.energy.kwh);
}

TEST_CASE("a throttle from the start to the end is a cap, and one for a while lies between none and that") {
  const Summary cap = with({"fleet.pools[0].power.gpu_cap=500W"});
  const Summary always = with({"fleet.pools[0].throttle=[{from: 0s, gpu_cap: 500W}]"});
  const Summary once = with({"fleet.pools[0].throttle=[{from: 20s, to: 40s, gpu_cap: 500W}]"});
  const Summary free = with({});
  CHECK(always.tpot.mean == cap.tpot.mean);
  CHECK(always.energy.kwh == cap.energy.kwh);
  CHECK(once.tpot.mean > free.tpot.mean);
  CHECK(once.tpot.mean < cap.tpot.mean);
}

TEST_CASE("the timeline's watts add up to the run's energy within 1e-6, and figures follow from each other") {
  const auto folder = std::filesystem::temp_directory_path() / "flotilla_power_test";
  const Summary s =
      simulate_into(folder, load_scenario(std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/power/hot.yaml", kFewer));
  std::ifstream rows(folder / "timeseries.csv");
  std::string line;
  std::getline(rows, line);
  double joules = 0;
  while (std::getline(rows, line)) {
    std::istringstream cells(line);
    std::string cell;
    std::vector<std::string> all;
    while (std::getline(cells, cell, ',')) all.push_back(cell);
    joules += std::stod(all[1]) * std::stod(all.back());
  }
  CHECK(joules == Approx(s.pools[0].average_watts * s.duration).epsilon(1e-6));
  CHECK(s.energy.average_watts == Approx(1.25 * (s.energy.server_watts + s.energy.switch_watts)));
  CHECK(s.energy.kwh == Approx(s.energy.average_watts * s.duration / 3.6e6));
  CHECK(*s.energy.joules_per_output_token == Approx(s.energy.average_watts / s.output_throughput));
  CHECK(*s.energy.tokens_per_second_per_megawatt * *s.energy.joules_per_output_token == Approx(1e6));
  CHECK(*s.energy.provisioned_watts == Approx(32 * 1730));
  // 32 GPUs of four nodes that idle at 2.38 kW, and 1.11 W for each of a GPU's above 63 W.
  CHECK(s.pools[0].average_watts == Approx(4 * 2380 + 1.11 * 32 * (s.pools[0].gpu_watts - 63)));
  CHECK(s.pools[0].average_watts < s.pools[0].peak_watts);
  CHECK(s.pools[0].peak_watts < 4 * 2380 + 1.11 * 32 * 637 + 1);
}

TEST_CASE("switches draw by their ports in use, where the fabric says what a port takes") {
  const Summary none = with({}), some = with({"fleet.fabric={port_power: 10W}"});
  CHECK(none.energy.switch_watts == 0);
  // 32 NICs, each with a port of a leaf and two between leaf and spine.
  CHECK(some.energy.switch_watts == Approx(32 * 3 * 10));
}

TEST_CASE("a cap that leaves nothing to work with is refused, with what would do") {
  CHECK(refusal({"fleet.pools[0].power.gpu_cap=60W"}).find("without work") != std::string::npos);
  CHECK(refusal({"fleet.pools[0].power.rack_cap=9kW"}).find("without work") != std::string::npos);
  CHECK(refusal({"fleet.pools[0].throttle=[{from: 1s, gpu_cap: 50W}]"}).find("without work") != std::string::npos);
  CHECK(refusal({"fleet.pools[0].throttle=[{from: 9s, to: 2s, gpu_cap: 500W}]"}).find("ends before") !=
        std::string::npos);
}

TEST_CASE("a cap lower than any that was measured lies outside the envelope") {
  CHECK(with({"fleet.pools[0].power.gpu_cap=500W"}).envelope.reason.find("cap") == std::string::npos);
  const Summary s = with({"fleet.pools[0].power.gpu_cap=300W"});
  CHECK_FALSE(s.envelope.inside);
  CHECK(s.envelope.reason.find("a cap of 300 W") != std::string::npos);
}
