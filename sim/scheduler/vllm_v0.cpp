// vLLM's first scheduler (vllm/core/scheduler.py and block_manager.py, release 0.6.3, `_schedule_default`: chunked
// prefill off): prefill comes first, whole prompts in steps of their own, and decoding waits meanwhile. A prompt is let
// in if its blocks fit and leave the watermark, 1 % of all, free. Where decoding runs out of blocks the last sequence
// in rank is preempted: computed again (the default for a single sequence), or swapped: its KV goes to host memory.
// Nobody new is let in while KV waits there; what waits there comes back, first out, first in, in a step without
// preemptions. The copies go before the step and hold it up, as they do on the stream of the model
// (vllm/worker/worker.py, `execute_worker`). Host memory that is full makes vLLM stop with an error; here the sequence
// is computed again.
#include <algorithm>

#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

constexpr double kWatermark = 0.01;

class VllmV0 final : public Scheduler {
 public:
  explicit VllmV0(const SchedulerLimits& limits) : limits_(limits) {}

  void plan(StepPlanner& step) const override {
    step.preempt_by(StepPlanner::Victim::kLastInRank,
                    limits_.swap ? StepPlanner::Preemption::kSwap : StepPlanner::Preemption::kRecompute);
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);  // only of a prompt that is cut after all
    if (step.nobody_is_swapped()) admit(step, budget);
    if (step.prefilling()) return;
    while (!step.nobody_is_swapped() && step.running() < limits_.max_num_seqs && swapped_fits(step)) step.swap_in();
    step.decode_all();
  }

 private:
  void admit(StepPlanner& step, std::int32_t budget) const {
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const std::int32_t prompt = step.first_waiting_tokens();
      const std::int32_t chunk = std::min({prompt, budget, limits_.max_chunk_tokens});
      if (step.first_waiting_must_be_whole(limits_, budget)) break;
      if (!step.admit(chunk, {true, limits_.watermark_blocks})) break;
      budget -= chunk;
    }
  }

  [[nodiscard]] bool swapped_fits(const StepPlanner& step) const {
    const std::int64_t keep_free = step.running() > 0 ? limits_.watermark_blocks : 0;
    return step.blocks_to_decode() + step.blocks_to_swap_in() + keep_free <= step.free_blocks();
  }

  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "vllm_v0",
    "vLLM V0 (0.6): whole prompts first, in steps of their own; preemption by recompute or swap",
    [](const SchedulerLimits& limits) { return std::make_unique<VllmV0>(limits); },
    {"preemption_mode", "swap_space", "watermark"},
    false,
    kWatermark,
});

}  // namespace
}  // namespace flotilla::sim
