// vLLM V1's scheduler (vllm/v1/core/sched/scheduler.py, release 0.11, first come first served, chunked prefill on): one
// token budget per step, spent first on the running sequences in the order of admission (a token for each that decodes,
// a chunk for each still in prefill), then, unless something was preempted in this step, on new sequences from the head
// of the queue. Blocks are taken on demand, for the tokens of this step alone; a preempted sequence is computed again
// from its beginning. Later releases look before they admit (scheduler_reserve_full_isl): a prompt of which only the
// first chunk fits would push others out, or be pushed out itself, over and over.
//
// long_prefill_token_threshold: a prompt with more tokens left than this has only so many of them in a step, so that
// others get some of the budget. max_num_partial_prefills: no prompt is let in that would be cut while so many others
// are (of V0's chunked prefill, release 0.8, which has it share the budget evenly; here the first takes what it needs).
#include <algorithm>

#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

class VllmV1 final : public Scheduler {
 public:
  explicit VllmV1(const SchedulerLimits& limits) : limits_(limits) {
    if (limits.long_prefill_token_threshold > 0)
      limits_.max_chunk_tokens = std::min(limits.max_chunk_tokens, limits.long_prefill_token_threshold);
  }

  void plan(StepPlanner& step) const override {
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.decode_all();
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);
    if (step.preempted()) return;
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const std::int32_t chunk = std::min({step.first_waiting_tokens(), budget, limits_.max_chunk_tokens});
      const bool cut = chunk < step.first_waiting_tokens();
      if (step.first_waiting_must_be_whole(limits_, budget)) break;
      if (cut && limits_.max_num_partial_prefills > 0 && step.partial_prefills() >= limits_.max_num_partial_prefills)
        break;
      if (limits_.reserve_full_isl && !step.first_waiting_prompt_fits()) break;
      if (!step.admit(chunk, {false, limits_.watermark_blocks})) break;
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
    {"reserve_full_isl", "watermark", "long_prefill_token_threshold", "max_num_partial_prefills"},
});

}  // namespace
}  // namespace flotilla::sim
