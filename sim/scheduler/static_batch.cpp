// Static batching, as FasterTransformer behind a request-level batcher does it and as the Orca paper describes it (Yu
// et al., "Orca: A Distributed Serving System for Transformer-Based Generative Models", OSDI 2022): a
// batch is formed from those who wait and runs to its end, until its last sequence has ended; who comes meanwhile
// waits, however few still run. Memory is set aside for the whole answer, so that nothing is preempted. TensorRT-LLM's
// tables of release 0.9 were measured so.
//
// All prompts of a batch go into one step: max_num_batched_tokens limits a batch as max_num_seqs and memory do. A
// sequence that ends before the others leaves with its answer; there it would be computed on, unused, and returned with
// the last.
#include <algorithm>

#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

class StaticBatch final : public Scheduler {
 public:
  explicit StaticBatch(const SchedulerLimits& limits) : limits_(limits) {}

  void plan(StepPlanner& step) const override {
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.decode_all();
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);
    if (step.running() > 0) return;
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const std::int32_t chunk = std::min({step.first_waiting_tokens(), budget, limits_.max_chunk_tokens});
      // A prompt that is cut opens a batch, or waits for the next.
      const bool cut = chunk < step.first_waiting_tokens();
      if ((cut && step.running() > 0) || step.first_waiting_must_be_whole(limits_, budget)) break;
      if (!step.first_waiting_fits_to_its_end() || !step.admit(chunk)) break;
      budget -= chunk;
    }
  }

 private:
  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "static_batch",
    "static batching (FasterTransformer): a batch runs to its end before the next is formed",
    [](const SchedulerLimits& limits) { return std::make_unique<StaticBatch>(limits); },
});

}  // namespace
}  // namespace flotilla::sim
