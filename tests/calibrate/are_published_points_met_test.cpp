#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "analysis/calibrate/least_squares.hpp"
#include "analysis/calibrate/serving_points.hpp"
#include "tests/models/published_points.hpp"

using namespace flotilla;
using namespace flotilla::analysis;

namespace {

ServingPoint point_of(const tests::PublishedPoint& published) {
  ServingPoint point;
  auto& d = point.deployment;
  d.llm = models::load_llm("llama-3.3-70b");
  d.gpu = models::load_gpu(published.gpu);
  d.engine = models::load_engine(published.engine);
  d.weights = published.weights;
  d.kv_cache = published.kv_cache;
  d.tensor_parallel_size = published.tp;
  point.load.concurrency = published.concurrency;
  point.load.input_tokens = published.isl;
  point.load.output_tokens = published.osl;
  use_inferencex_flags(point);
  point.batches = closed_loop_batches(point.load);
  return point;
}

double tpot_ms(const tests::PublishedPoint& published) {
  const auto point = point_of(published);
  models::StepCost cost(point.deployment);
  return predicted_latency(cost, point).tpot * 1e3;
}

}  // namespace

TEST_CASE("published TPOT of Llama 3.3 70B is met within 12 %, and by 5 % as a rule") {
  Eigen::VectorXd errors(static_cast<Eigen::Index>(std::size(tests::kPublishedPoints)));
  Eigen::Index at = 0;
  for (const auto& published : tests::kPublishedPoints) {
    const double predicted = tpot_ms(published);
    INFO(std::string(published.id) << ": measured " << published.tpot_ms << " ms, predicted " << predicted);
    errors[at] = predicted / published.tpot_ms - 1;
    CHECK(std::fabs(errors[at]) < 0.12);
    ++at;
  }
  CHECK(absolute_quantile(errors, 0.5) < 0.05);
  MESSAGE("TPOT error: median " << 100 * absolute_quantile(errors, 0.5) << " %, worst "
                                << 100 * absolute_quantile(errors, 1) << " %");
}
