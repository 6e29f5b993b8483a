// Watts by activity, and what a cap does to a step: worked out by hand from the shares of the catalogue.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>

#include "models/catalog.hpp"
#include "models/gpu_power.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

namespace {

/// 10 ms of memory, 20 of computing, 5 of communication and 1 of host, and half as much again for each KV token.
class FixedSteps final : public StepTimes {
 public:
  const DecodeCost& decode(int /*sequences*/) override {
    cost_.base_by_cause = {0.010, 0.020, 0.005, 0.001};
    cost_.slope_by_cause = cost_.base_by_cause * 0.5;
    cost_.base = cost_.base_by_cause.total();
    cost_.slope = cost_.slope_by_cause.total();
    return cost_;
  }
  CauseTimes mixed(const MixedBatch&) override { return {0.010, 0.020, 0.005, 0.001}; }

 private:
  DecodeCost cost_;
};

}  // namespace

TEST_CASE("a step of an H200 costs what its causes draw") {
  const GpuWatts w = under_cap(load_gpu("h200-sxm"), {}).watts;
  // Shares 0.09, 0.86, 1, 0.95 and 0.5 of 700 W.
  CHECK(w.idle == Approx(63));
  CHECK(w.memory == Approx(602));
  CHECK(w.compute == Approx(700));
  CHECK(w.communication == Approx(665));
  CHECK(w.host == Approx(350));
  // 10 ms * 539 W + 20 ms * 637 W + 5 ms * 602 W + 1 ms * 287 W above idle.
  CHECK(w.above_idle({0.010, 0.020, 0.005, 0.001}) == Approx(5.39 + 12.74 + 3.01 + 0.287));
}

TEST_CASE("a cap of 500 W lets an H200 compute 1.29 times as long, and leaves its memory alone") {
  const CappedGpu g = under_cap(load_gpu("h200-sxm"), Watts(500));
  // (637 / 437)^0.67 = exp(0.67 * 0.3768) = 1.287
  CHECK(g.compute == Approx(1.287).epsilon(0.001));
  CHECK(g.memory == 1);
  CHECK(g.watts.compute == 500);
  CHECK(g.watts.memory == 500);
  CHECK(g.watts.host == Approx(350));
}

TEST_CASE("below half of its power the memory slows down, too: 287 W above idle were needed, 187 are left") {
  CHECK(under_cap(load_gpu("h200-sxm"), Watts(250)).memory == Approx(287.0 / 187));
}

TEST_CASE("under a cap decode steps stay affine, cause by cause, and agree with those that have prefill") {
  CappedGpu gpu;
  gpu.memory = 1.5, gpu.compute = 2;
  CappedSteps steps(std::make_shared<FixedSteps>(), gpu);
  const DecodeCost& cost = steps.decode(3);
  CHECK(cost.base == Approx(0.015 + 0.040 + 0.005 + 0.001));
  CHECK(cost.slope == Approx(cost.base / 2));
  CHECK(steps.mixed({}).total() == Approx(cost.base));
  const DecodeCost* const before = &steps.decode(3);
  (void)steps.decode(1000);
  CHECK(&steps.decode(3) == before);
}

TEST_CASE("the lower the cap, the longer a step and the less its GPU draws, and a cap above its power changes nothing") {
  for (const std::string& name : catalog_names("gpus")) {
    CAPTURE(name);
    const Gpu gpu = load_gpu(name);
    REQUIRE(gpu.power.known());
    const double tdp = gpu.tdp.value();
    CHECK(under_cap(gpu, Watts(tdp)).changes_nothing());
    double time = 0, watts = 1e9;
    for (double cap = tdp; cap > 0.2 * tdp; cap -= 0.05 * tdp) {
      const CappedGpu g = under_cap(gpu, Watts(cap));
      const CauseTimes step{0.010 * g.memory, 0.020 * g.compute, 0, 0};
      CHECK(step.total() >= time);
      const double drawn = g.watts.idle + g.watts.above_idle(step) / step.total();
      CHECK(drawn <= std::min(watts, cap + 1e-9));
      time = step.total(), watts = drawn;
    }
  }
}

TEST_CASE("who was not measured draws as a relative, and says so") {
  CHECK(load_gpu("b300-hgx").power.like == "b200-hgx");
  CHECK(under_cap(load_gpu("b300-hgx"), {}).watts.memory == Approx(0.86 * 1100));
  CHECK(load_gpu("b200-hgx").power.like.empty());
  CHECK(load_gpu("b200-hgx@a1").power.like.empty());  // the article's variant of a measured GPU
}

TEST_CASE("an A100's decode draws what Splitwise measured on a model it was not fitted to, within 5 %") {
  // BLOOM 176B at TP 8, batch 1 (Patel et al., ISCA 2024, their perf_model.csv): 47.6 ms a token, 0.637 of TDP. Weights
  // in BF16, 44 GB a GPU, take 25.4 ms at 85 % of 2.04 TB/s; the rest of the time is collectives and the host's.
  const GpuWatts w = under_cap(load_gpu("a100-sxm"), {}).watts;
  const double memory = 0.0254, step = 0.0476;
  const double watts = w.idle + w.above_idle({memory, 0, step - memory, 0}) / step;
  CHECK(watts / 400 == Approx(0.637).epsilon(0.05));
}
