// The sentences that a run's answer is made of, and the curves that its report draws.
#include <doctest/doctest.h>

#include "analysis/elasticities.hpp"
#include "analysis/output/answer.hpp"
#include "analysis/summary/curves.hpp"
#include "analysis/summary/statistics.hpp"

using namespace flotilla;
using namespace flotilla::analysis;

TEST_CASE("what binds is the largest share of GPU time, and of the mean TTFT") {
  Summary s;
  s.completed = 10;
  s.time_share.memory = 0.25;
  s.time_share.compute = 0.55;
  s.time_share.idle = 0.2;
  s.ttft.mean = 412.4;
  s.ttft_share.queue = 0.75;
  s.ttft_share.prefill = 0.25;
  CHECK(
      what_binds(s) ==
      "Of GPU time, the largest share (55.0 %) goes to computing: fewer prompt tokens or more GPUs relieve it. Of the "
      "mean TTFT of 412 ms, 75.0 % is waiting for a place in a step.");
  SUBCASE("transfers of KV say what they wait for") {
    s.kv_transfers.count = 3;
    s.kv_transfers.bottleneck = "nic_link";
    CHECK(what_binds(s).ends_with(" KV transfers wait for: nic_link."));
  }
  SUBCASE("an idle fleet is too large") {
    s.time_share.idle = 0.9;
    CHECK(what_binds(s).starts_with("Of GPU time, the largest share (90.0 %) goes to no work at all: a smaller"));
  }
  SUBCASE("a decode step is shown from paper to practice") {
    s.tpot.mean = 24.6;
    s.decode_step.sequences = 61.3;
    s.decode_step.bound_ms = 14.67;
    s.decode_step.calibrated_ms = 20.04;
    CHECK(what_binds(s).ends_with(
        " A decode step of 61.3 sequences takes 14.7 ms at the datasheet's peaks and 20.0 ms as calibrated; TPOT is "
        "24.6 ms in the mean, with prompts and queues in between."));
  }
  SUBCASE("nothing is said of a run that completed nothing") {
    s.completed = 0;
    CHECK(what_binds(s) == "");
  }
}

TEST_CASE("elasticities are relative changes, and what helps most is of the promise with the least to spare") {
  Summary base;
  base.completed = 10;
  base.e2el.mean = 1000;
  base.tpot.p99 = 20;
  base.ttft.p99 = 400;
  base.output_throughput = 5000;
  std::vector<Summary> improved(improvements().size(), base);
  improved[0].tpot.p99 = 18;    // HBM: -10 %
  improved[1].ttft.p99 = 300;   // compute: -25 %
  improved[1].tpot.p99 = 19;    // and -5 %
  improved[3].e2el.mean = 970;  // host: -3 %
  base.elasticities = elasticities(base, improved);
  REQUIRE(base.elasticities.size() == 4);
  CHECK(*base.elasticities[0].p99_tpot == doctest::Approx(-0.1));
  CHECK(*base.elasticities[0].p99_ttft == 0);
  CHECK(*base.elasticities[1].p99_ttft == doctest::Approx(-0.25));
  CHECK(!base.elasticities[0].mean_tpot);  // 0 in the base: no ratio
  CHECK(what_would_help(base) == "What would help the mean E2EL most: -10 % host time (-3.0 %).");
  base.slo = {{"ttft", 99, 1000, 400, true}, {"tpot", 99, 21, 20, true}};
  CHECK(what_would_help(base) == "What would help p99 TPOT most: +10 % HBM bandwidth (-10.0 %).");
  base.slo[0] = {"ttft", 99, 350, 400, false};
  CHECK(what_would_help(base) == "What would help p99 TTFT most: +10 % compute (-25.0 %).");
  base.verdict = Verdict::kSaturated;
  CHECK(what_would_help(base) == "Nothing here would help output tok/s: no tenth of any resource changes it by 0.2 %.");
  CHECK(what_binds(base).ends_with(what_would_help(base)));
  CHECK(what_would_help(Summary{}) == "");
}

TEST_CASE("curves are thinned, not cut: from the least to the greatest sample, closer at the tail") {
  sim::SampleSet samples;
  for (int i = 1000; i >= 0; --i) samples.add(0.001 * i);  // 0 to 1 s
  const std::vector<double> curve = OrderedSamples(samples).curve(1000);
  const std::vector<double>& percents = curve_percents();
  REQUIRE(curve.size() == percents.size());
  CHECK(percents.front() == 0);
  CHECK(percents.back() == 100);
  for (std::size_t i = 0; i < curve.size(); ++i) {
    CAPTURE(percents[i]);
    CHECK(curve[i] == doctest::Approx(10 * percents[i]));  // the n-th per cent of 0 to 1000 ms
    if (i > 0) CHECK(percents[i] > percents[i - 1]);
  }
}

TEST_CASE("curves of a sketch are within its error, and of nothing there are none") {
  sim::SampleSet samples(100);  // more become a sketch
  for (int i = 1; i <= 1000; ++i) samples.add(0.001 * i);
  REQUIRE_FALSE(samples.exact());
  const std::vector<double> values = OrderedSamples(samples).curve(1000);
  CHECK(values[100] == doctest::Approx(500).epsilon(0.01));
  CHECK(OrderedSamples(sim::SampleSet()).curve(1000).empty());
  CHECK(curve(sim::QuantileSketch(), 1000).empty());
}
