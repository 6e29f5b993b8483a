// Whole scenarios whose fleets change: parts fail, replicas start, are drained and scaled.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "analysis/child.hpp"
#include "analysis/run.hpp"
#include "analysis/summary/json.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;

namespace {

/// Two nodes of eight GPUs, four replicas of tensor-parallel 4: two on each.
const char* const kChat = R"(name: chat
model: llama-3.1-8b
fleet: {pools: [{name: chat, system: hgx-h100, nodes: 2, price: {usd_per_gpu_hour: 2}}]}
serving: [{pool: chat, tensor_parallel_size: 4, startup: {engine_start: 20s}}]
workload: {request_rate: 20, arrivals: constant, input_tokens: 400, output_tokens: 50, num_prompts: 6000}
slo: {ttft: 1s}
)";

/// One node prefills, the other decodes, two replicas each.
const char* const kApart = R"(name: apart
model: llama-3.1-8b
fleet:
  pools: [{name: first, system: hgx-h100, nodes: 1}, {name: then, system: hgx-h100, nodes: 1}]
  storage: {servers: 2, bandwidth: 25GBps}
serving:
- {pool: first, role: prefill, tensor_parallel_size: 4}
- {pool: then, role: decode, tensor_parallel_size: 4}
workload: {request_rate: 40, input_tokens: 600, output_tokens: 40, num_prompts: 200}
)";

struct Result {
  Summary summary;
  std::string rows, events;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

LoadedScenario load(const std::string& text, const std::vector<std::string>& changes) {
  return load_scenario(reader::Document::from_text(text, "scenario.yaml"), changes);
}

Result run(const std::string& scenario, const std::vector<std::string>& changes, bool step_by_step = false) {
  const auto folder = std::filesystem::temp_directory_path() / ("life-" + std::to_string(getpid()));
  const LoadedScenario loaded = load(scenario, changes);
  Child child([&] {
    RunPlan plan;
    plan.output_directory = folder;
    plan.save_detailed = true;
    plan.options.step_by_step = step_by_step;
    return to_json(run_here(loaded, plan)).dump();
  });
  Result result;
  result.summary = summary_from_json(nlohmann::ordered_json::parse(child.take()));
  result.rows = text_of(folder / "requests.csv");
  if (std::filesystem::exists(folder / "events.csv")) result.events = text_of(folder / "events.csv");
  std::filesystem::remove_all(folder);
  return result;
}

void check_books(const Summary& s) {
  const auto& c = s.conservation;
  CHECK(c.injected == c.completed + c.rejected + c.failed + c.unfinished);
  CHECK(s.failed == c.rejected + c.failed);
}

}  // namespace

TEST_CASE("a node dies at 60 s and returns at 180 s: its two replicas are lost, and back 20 s later") {
  const Result r = run(kChat, {"faults={events: [{at: 60s, component: chat/node1, repair_after: 120s}]}"});
  // Requests come each 50 ms and go to the least loaded in turn; which were under way is known by their rows.
  const auto& a = r.summary.availability;
  std::int64_t under_way = 0;
  std::istringstream rows(r.rows);
  std::string line;
  std::getline(rows, line);
  while (std::getline(rows, line)) {
    std::vector<std::string> cells;
    std::istringstream split(line);
    for (std::string cell; std::getline(split, cell, ',');) cells.push_back(cell);
    const double arrival = std::stod(cells[4]), finish = std::stod(cells[7]);
    const int replica = std::stoi(cells[11]);
    under_way += arrival < 60 && finish > 60 ? 1 : 0;
    if (arrival > 60 && arrival < 200) CHECK(replica < 2);
    if (arrival > 60 && arrival < 200) CHECK(finish < arrival + 10);
  }
  const auto lost = a.requests_rerouted;
  CHECK(lost > 0);
  CHECK(lost < under_way);
  std::ostringstream expected;
  const auto half = [&](const char* replica) {
    const auto at = r.events.find("60,lost,serving[0]/" + std::string(replica) + ",4,");
    REQUIRE(at != std::string::npos);
    return std::stoll(r.events.substr(r.events.find(",4,", at) + 3));
  };
  CHECK(half("replica2") + half("replica3") == lost);
  expected
      << "time_s,event,subject,gpus,requests\n60,failed,chat/node1,8," << lost << "\n60,lost,serving[0]/replica2,4,"
      << half("replica2") << "\n60,lost,serving[0]/replica3,4," << half("replica3")
      << "\n180,repaired,chat/node1,0,0\n180,starting,serving[0]/replica2,4,0\n180,starting,serving[0]/replica3,4,0\n"
         "200,up,serving[0]/replica2,4,0\n200,up,serving[0]/replica3,4,0\n";
  CHECK(r.events == expected.str());
  CHECK(a.failures == 1);
  CHECK(a.repairs == 1);
  CHECK(a.replicas_lost == 2);
  CHECK(a.largest_loss_gpus == 8);
  CHECK(a.recoveries == 1);
  CHECK(a.starts == 2);
  CHECK(a.mean_start_s == Approx(20));
  CHECK(r.summary.completed == 6000);
  // All 16 GPUs are paid throughout; eight of them serve, and the others but for 140 s.
  const double duration = r.summary.duration;
  CHECK(a.paid_gpu_hours == Approx(16 * duration / 3600));
  CHECK(a.open_share == Approx((16 * duration - 8 * 140) / (16 * duration)).epsilon(1e-4));
  CHECK(*r.summary.cost.usd_per_hour == Approx(32));
  check_books(r.summary);
}

TEST_CASE("a GPU takes its replica with it, an NVSwitch those of its node that need it, a NIC none that stay inside") {
  const auto lost = [](const std::string& part) {
    return run(kChat, {"workload.num_prompts=400", "faults={events: [{at: 5s, component: " + part + "}]}"})
        .summary.availability.largest_loss_gpus;
  };
  CHECK(lost("chat/node0/gpu5") == 4);
  CHECK(lost("chat/node0/nvswitch1") == 8);
  CHECK(lost("chat/node0/nic2") == 0);
  CHECK(lost("fabric/rail0/leaf0") == 0);
  CHECK(lost("chat") == 16);
}

TEST_CASE("requests that fail count against the promise") {
  const Result r = run(
      kChat, {"workload.num_prompts=2000", "faults={on_failure: fail, events: [{at: 60s, component: chat/node1}]}"});
  CHECK(r.summary.conservation.failed > 0);
  CHECK(r.summary.completed == 2000 - r.summary.conservation.failed);
  CHECK(r.summary.goodput_ratio == Approx(static_cast<double>(r.summary.completed) / 2000));
  check_books(r.summary);
}

TEST_CASE("spot capacity that is announced loses nothing, unless requests take longer than the notice") {
  const auto rerouted = [](const char* notice) {
    return run(kChat, {"workload.num_prompts=2000",
                       std::string("faults={events: [{at: 60s, component: chat/node1, notice: ") + notice + "}]}"})
        .summary.availability.requests_rerouted;
  };
  CHECK(rerouted("30s") == 0);
  CHECK(rerouted("100ms") > 0);
}

TEST_CASE("an upgrade restarts one replica after the other, and nobody is lost") {
  const Result r = run(kChat, {"upgrades=[{at: 10s, pool: chat, downtime: 5s}]"});
  CHECK(r.summary.completed == 6000);
  CHECK(r.summary.availability.starts == 4);
  CHECK(r.summary.availability.drained == 4);
  CHECK(r.summary.availability.requests_rerouted == 0);
  // Each is back before the next is drained.
  std::istringstream events(r.events);
  int closed = 0, most = 0;
  for (std::string line; std::getline(events, line);) {
    closed += line.find(",draining,") != std::string::npos ? 1 : 0;
    closed -= line.find(",up,") != std::string::npos ? 1 : 0;
    most = std::max(most, closed);
  }
  CHECK(most == 1);
  CHECK(closed == 0);
}

TEST_CASE("a fleet that may change, and does not, answers each request as one that cannot") {
  const Result fixed = run(kChat, {"workload.num_prompts=2000", "workload.arrivals=poisson"});
  CHECK(fixed.events.empty());
  CHECK(run(kChat, {"workload.num_prompts=2000", "workload.arrivals=poisson", "faults={}"}).rows == fixed.rows);
  CHECK(run(kApart, {}).rows == run(kApart, {"faults={}"}).rows);
}

TEST_CASE("a slower link slows what moves over it") {
  const auto mean = [](const char* faults) {
    return run(kApart, {std::string("faults=") + faults}).summary.kv_transfers.mean_ms;
  };
  const double whole = mean("{}");
  CHECK(mean("{events: [{at: 0s, component: first, bandwidth: 0.05}]}") > 2 * whole);
}

TEST_CASE("replicas come with the load and go with it, and their weights are seen on the links") {
  const std::vector<std::string> scaled{"fleet.storage={servers: 1, bandwidth: 10GBps}",
                                        "serving[0].autoscale={policy: concurrency, target: 8, interval: 5s, "
                                        "stabilization: 30s}",
                                        "serving[0].startup={provisioning: 10s, engine_start: 5s}",
                                        "workload.request_rate=60", "workload.num_prompts=12000"};
  const Result r = run(kChat, scaled);
  const auto& a = r.summary.availability;
  CHECK(r.summary.completed == 12000);
  CHECK(a.starts >= 1);
  CHECK(a.paid_gpu_hours < 16 * r.summary.duration / 3600);
  // 16.1 GB of weights in BF16, 4 GPUs' shares of it with what each holds whole, for each start.
  CHECK(a.start_bytes / static_cast<double>(a.starts) == Approx(16.06e9).epsilon(0.05));
  // All three that there is room for are ordered at the first look, and share the server's 10 GB/s: 4.8 s of loading,
  // between 10 s and 5 s of waiting.
  CHECK(a.starts == 3);
  CHECK(a.mean_start_s == Approx(15 + 3 * 16.06 / 10).epsilon(0.01));
  double from_storage = 0;
  for (const LinkSummary& link : r.summary.links)
    if (link.name.rfind("storage/node0/nic", 0) == 0 && link.kind == "nic_link") from_storage += link.bytes;
  CHECK(from_storage == Approx(a.start_bytes).epsilon(1e-6));
  CHECK(*r.summary.cost.usd_per_hour == Approx(2 * a.paid_gpu_hours * 3600 / r.summary.duration));
  check_books(r.summary);
}

TEST_CASE("a thousand random lives: the books close, everybody is served, and walking gives what jumping gives") {
  const auto part = [](std::mt19937_64& engine, bool apart) {
    static const std::vector<std::string> kinds{"", "/gpu", "/nvswitch", "/nic"};
    const std::string node =
        apart ? (engine() % 2 == 0 ? "first/node0" : "then/node0") : "chat/node" + std::to_string(engine() % 2);
    const std::string kind = kinds[engine() % kinds.size()];
    return kind.empty() ? node : node + kind + std::to_string(engine() % 4);
  };
  int lost = 0, walked = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 engine(seed);
    const auto pick = [&](int low, int high) {
      return low + static_cast<int>(engine() % static_cast<std::uint64_t>(high - low + 1));
    };
    const bool apart = pick(0, 1) == 0;
    std::vector<std::string> changes{"workload.num_prompts=120",
                                     "workload.request_rate=" + std::to_string(pick(10, 80)),
                                     "seed=" + std::to_string(seed)};
    std::ostringstream faults;
    faults << "faults={on_failure: " << (pick(0, 4) == 0 ? "fail" : "reroute")
           << ", detection: " << pick(0, 1) * pick(1, 900) << "ms, events: [";
    for (int i = pick(1, 5); i > 0; --i) {
      faults << "{at: " << pick(0, 4000) << "ms, component: " << part(engine, apart)
             << ", repair_after: " << pick(1, 3000) << "ms";
      if (pick(0, 3) == 0)
        faults << ", bandwidth: 0.3";
      else if (pick(0, 2) == 0)
        faults << ", notice: " << pick(1, 800) << "ms";
      faults << "}" << (i > 1 ? ", " : "");
    }
    faults << "], random: [";
    if (pick(0, 1) == 0) faults << "{component: gpu, mtbf: " << pick(5, 60) << "s, mttr: " << pick(100, 900) << "ms}";
    faults << "]}";
    changes.push_back(faults.str());
    changes.push_back("serving[0].startup={engine_start: " + std::to_string(pick(0, 1) * pick(1, 500)) + "ms}");
    if (apart && pick(0, 1) == 0)
      changes.push_back(std::string("serving[0].kv_transfer={direction: push, overlap: ") +
                        (pick(0, 1) == 0 ? "chunks}" : "layers}"));
    if (pick(0, 3) == 0)
      changes.push_back(std::string("upgrades=[{at: 1s, pool: ") + (apart ? "first" : "chat") + ", downtime: 200ms}]");
    if (!apart && pick(0, 3) == 0)
      changes.push_back(
          "serving[0].autoscale={policy: concurrency, target: 4, interval: 300ms, stabilization: 1s, warm_spares: 1}");
    const Result r = run(apart ? kApart : kChat, changes);
    const auto& c = r.summary.conservation;
    REQUIRE(c.injected == 120);
    REQUIRE(c.completed + c.failed == 120);
    lost += static_cast<int>(r.summary.availability.replicas_lost);
    if (seed % 5 != 0) continue;
    ++walked;
    const Result w = run(apart ? kApart : kChat, changes, true);
    REQUIRE(w.rows == r.rows);
    REQUIRE(w.events == r.events);
  }
  CHECK(lost > 1000);
  CHECK(walked == 200);
}
