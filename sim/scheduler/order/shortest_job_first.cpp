// The shortest request first, by its tokens, prompt and answer together: as an oracle that knows how long answers will
// be, or by predictions that err. A predicted answer is the true one times exp(error * z), z standard normal and drawn
// for each request once, by its number: the better part of what learnt predictors reach is order, not length (Fu et
// al., "Efficient LLM Scheduling by Learning to Rank", NeurIPS 2024).
#include <cmath>
#include <string_view>

#include "sim/engine/waiting_queue.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {
namespace {

double oracle(const Request& r) { return static_cast<double>(r.input_tokens) + r.output_tokens; }

double predicted(const Request& r, const QueueOrderOptions& options) {
  RandomEngine engine(mix_bits(options.seed ^ mix_bits(static_cast<std::uint64_t>(r.id))));
  return r.input_tokens + r.output_tokens * std::exp(options.prediction_error * draw_normal(engine));
}

const QueueOrderRegistration kOracle({"shortest_job_first", "the fewest tokens first, by an oracle",
                                      [](RequestPool& pool, const QueueOrderOptions&) {
                                        return std::make_unique<KeyedQueue>(pool, oracle);
                                      }});

const QueueOrderRegistration kPredicted({"predicted_shortest_job_first",
                                         "the fewest tokens first, by predictions that err; prediction_error",
                                         [](RequestPool& pool, const QueueOrderOptions& options) {
                                           return std::make_unique<KeyedQueue>(
                                               pool, [options](const Request& r) { return predicted(r, options); });
                                         }});

}  // namespace
}  // namespace flotilla::sim
