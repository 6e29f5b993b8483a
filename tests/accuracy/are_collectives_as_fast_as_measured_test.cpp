// All-reduces inside one NVLink domain against measured ones, twice: by the calibrated operator, and as flows on the
// system's platform, whose rates and bytes follow from the operator. Measured by NVIDIA AIConfigurator's collector
// (github.com/ai-dynamo/aiconfigurator at 095f58a5, Apache-2.0, <GPU>/comm/<library>/<release>/custom_allreduce_perf:
// each engine's own all-reduce in a CUDA graph, BF16). The curves have knots at 1, 4, 16 and 64 MiB and 1 GiB, fitted
// on these tables: sizes between them test the form. For collectives over the fabric nothing comparable is published.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "analysis/table.hpp"
#include "models/calibration.hpp"
#include "models/release.hpp"
#include "sim/engine/collectives.hpp"
#include "tests/models/reference_data.hpp"
#include "tests/sim/in_child.hpp"
#include "topologies/platform.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

/// Of a system: the name in the tables, its own, its GPU's.
struct System {
  const char* label;
  const char* system;
  const char* gpu;
};
constexpr System kSystems[] = {{"A100-SXM", "hgx-a100", "a100-sxm"}, {"H100", "hgx-h100", "h100-sxm"},
                               {"H200", "hgx-h200", "h200-sxm"},     {"B200", "hgx-b200", "b200-hgx"},
                               {"B300", "hgx-b300", "b300-hgx"},     {"GB200", "gb200-nvl72", "gb200"},
                               {"GB300", "gb300-nvl72", "gb300"}};

struct Setup {
  std::string gpu;      ///< as the tables call it
  std::string library;  ///< "trtllm"
  int ranks = 0;
  auto operator<=>(const Setup&) const = default;
};

struct Measured {
  Setup setup;
  double bytes;
  double microseconds;
};

/// Sizes between the knots.
const std::vector<Measured> kPublished = {
    {{"H100", "vllm", 8}, 8388608, 50.7},      {{"H100", "vllm", 8}, 268435456, 1091},
    {{"H100", "trtllm", 8}, 134217728, 575.5}, {{"H100", "sglang", 4}, 33554432, 174.8},
    {{"H200", "vllm", 8}, 33554432, 165.9},    {{"H200", "trtllm", 4}, 268435456, 1183},
    {{"B200", "vllm", 8}, 134217728, 442.3},   {{"B200", "trtllm", 8}, 33554432, 146.5},
    {{"B200", "sglang", 4}, 268435456, 708},   {{"GB200", "vllm", 4}, 134217728, 392.2},
    {{"GB200", "trtllm", 2}, 33554432, 86.07}, {{"A100-SXM", "vllm", 8}, 268435456, 2170},
};

const System& system_of(const Setup& setup) {
  return *std::find_if(std::begin(kSystems), std::end(kSystems), [&](const System& s) { return s.label == setup.gpu; });
}

double operator_time(const Setup& setup, double bytes) {
  const std::string engine = setup.library == "trtllm" ? "tensorrt-llm" : setup.library;
  const auto& all = models::calibrations();
  const auto cell = std::find_if(all.begin(), all.end(), [&](const models::Calibration& c) {
    return c.gpu == system_of(setup).gpu && c.engine == engine;
  });
  REQUIRE(cell != all.end());
  return models::all_reduce_time(cell->all_reduce.curves, setup.ranks, bytes);
}

/// Seconds that all-reduces of these sizes take as flows, one after the other.
std::vector<double> flow_times(const Setup& setup, const std::vector<double>& sizes) {
  return in_child([&] {
    Clock clock;
    const auto fleet = topologies::build_fleet({{"p", topologies::load_system(system_of(setup).system), setup.ranks}},
                                               topologies::load_fabric("ib-ndr-rail"));
    models::Deployment d;
    d.tensor_parallel_size = setup.ranks;
    Seat seat{&d, {}};
    for (const topologies::GpuId gpu : fleet.pools.front().gpus) seat.gpus.push_back(fleet.gpus[gpu].vertex);
    const auto platform = topologies::make_platform(fleet, {}, collective_pairs(fleet, seat).size());
    Transfers transfers(fleet, platform, clock);
    Collectives collectives(fleet, transfers, seat, 0);
    std::vector<double> took;
    int starter = 0;
    starter = clock.add_slot([&](double now) {
      const double bytes = sizes[took.size()], latency = operator_time(setup, 0);
      models::CollectiveLoad load;
      load.tensor_ring = 2.0 * (setup.ranks - 1) / setup.ranks * bytes;
      collectives.send(now + latency, operator_time(setup, bytes) - latency, load, [&, now](double then) {
        took.push_back(then - now);
        if (took.size() < sizes.size()) clock.schedule(starter, then + 1);
      });
    });
    transfers.start();
    clock.schedule(starter, 1);
    clock.run();
    return took;
  });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/// Median of the absolute relative errors.
struct Errors {
  double by_operator, by_flows;
};

Errors errors(const Setup& setup, const std::vector<Measured>& rows) {
  std::vector<double> sizes, by_operator, by_flows;
  for (const Measured& row : rows) sizes.push_back(row.bytes);
  const std::vector<double> flows = flow_times(setup, sizes);
  REQUIRE(flows.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    by_operator.push_back(std::abs(1e6 * operator_time(setup, rows[i].bytes) / rows[i].microseconds - 1));
    by_flows.push_back(std::abs(1e6 * flows[i] / rows[i].microseconds - 1));
  }
  return {median(by_operator), median(by_flows)};
}

}  // namespace

TEST_CASE("twelve published all-reduces between the knots are met within 15 % each, by operator and by flows") {
  for (const Measured& row : kPublished) {
    const Errors e = errors(row.setup, {row});
    MESSAGE(row.setup.gpu << ", " << row.setup.library << ", " << row.setup.ranks << " ranks, " << row.bytes / 1048576
                          << " MiB: " << row.microseconds << " us; off by " << 100 * e.by_operator << " %, as flows "
                          << 100 * e.by_flows << " %");
    CHECK(e.by_operator < 0.15);
    CHECK(e.by_flows < 0.15);
  }
}

TEST_CASE("all measured all-reduces above 1 MB: the median error is within 15 %, by operator and by flows") {
  const auto path = tests::reference_file("kernels/collectives.csv.gz");
  if (!path) return;
  const auto table = analysis::Table::load(path->string());
  // Releases differ: some by twice. The coefficients are for the newest, the others are told.
  std::map<Setup, std::map<std::string, std::vector<Measured>>> rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string library(table.text(i, "library")), variant(table.text(i, "variant"));
    const bool engines_own = variant == library || variant == library + "_graph" || variant == "TRTLLM";
    if (table.text(i, "op") != "all_reduce" || library == "NCCL" || !engines_own || table.number(i, "bytes") < 1e6)
      continue;
    const Setup setup{std::string(table.text(i, "gpu")), library, static_cast<int>(table.number(i, "num_gpus"))};
    rows[setup][std::string(table.text(i, "version"))].push_back(
        {setup, table.number(i, "bytes"), table.number(i, "time_us")});
  }
  REQUIRE(rows.size() > 50);
  for (const auto& [setup, releases] : rows) {
    const auto newest = std::max_element(releases.begin(), releases.end(), [](const auto& a, const auto& b) {
      const int order = models::compare_releases(a.first, b.first);
      return order < 0 || (order == 0 && a.first < b.first);
    });
    for (const auto& [release, measured] : releases) {
      const Errors e = errors(setup, measured);
      MESSAGE(setup.gpu << ", " << setup.library << " " << release << ", " << setup.ranks << " ranks, "
                        << measured.size() << " sizes: " << 100 * e.by_operator << " %, as flows " << 100 * e.by_flows
                        << " %" << std::string(release == newest->first ? "" : " (older)"));
      if (release != newest->first) continue;
      CHECK(e.by_operator < 0.15);
      CHECK(e.by_flows < 0.15);
    }
  }
}
