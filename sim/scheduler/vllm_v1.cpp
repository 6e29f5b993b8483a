// vLLM V1's scheduler (vllm/v1/core/sched/scheduler.py, release 0.11, first come first served, chunked prefill on): one
// token budget per step, spent first on the running sequences in the order of admission (a token for each that decodes,
// a chunk for each still in prefill), then, unless something was preempted in this step, on new sequences from the head
// of the queue. Blocks are taken on demand, for the tokens of this step alone; a preempted sequence is computed again
// from its beginning. Later releases look before they admit (scheduler_reserve_full_isl): a prompt of which only the
// first chunk fits would push others out, or be pushed out itself, over and over.
#include <algorithm>

#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

class VllmV1 final : public Scheduler {
 public:
  explicit VllmV1(const SchedulerLimits& limits) : limits_(limits) {}

  void plan(StepPlanner& step) const override {
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.decode_all();
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);
    if (step.preempted()) return;
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const std::int32_t chunk = std::min({step.first_waiting_tokens(), budget, limits_.max_chunk_tokens});
      if (chunk < step.first_waiting_tokens() && !limits_.enable_chunked_prefill) break;
      if (limits_.reserve_full_isl && !step.first_waiting_prompt_fits()) break;
      if (!step.admit(chunk)) break;
      budget -= chunk;
    }
  }

 private:
  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "vllm_v1",
    "vLLM V1 (0.11): decode first, chunked prefill, blocks on demand, preemption by recompute",
    [](const SchedulerLimits& limits) { return std::make_unique<VllmV1>(limits); },
});

}  // namespace
}  // namespace flotilla::sim
