// SGLang's scheduler (python/sglang/srt/managers/{scheduler,schedule_policy,schedule_batch}.py, release 0.4.9; first
// come first served, mixed chunks off): prefill comes first, in batches of its own of at most chunked_prefill_size
// tokens, and decoding waits meanwhile. A request is admitted if its prompt, its longest answer, and a share of what
// the running sequences may still make fit into the free memory; where decoding runs out of memory all the same,
// sequences are retracted and computed again.
//
// Those with the fewest output tokens are retracted first, among equals the longest prompt (`retract_decode`). Under
// `order: longest_prefix` (its schedule policy lpm) the prompt of which the radix cache holds most goes first.
//
// SGLang lowers that share (new_token_ratio) from 0.7 to 0.098 over 600 decode steps and raises it after a retraction.
// Here it is where it comes to rest, 0.7 * 0.14.
#include <algorithm>

#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

constexpr double kNewTokenRatio = 0.7 * 0.14;
constexpr std::int64_t kClippedOutput =
    4096;  ///< CLIP_MAX_NEW_TOKENS_ESTIMATION: an answer counts for no more than this

class Sglang final : public Scheduler {
 public:
  explicit Sglang(const SchedulerLimits& limits) : limits_(limits) {}

  void plan(StepPlanner& step) const override {
    step.preempt_by(StepPlanner::Victim::kFewestOutputTokens);
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);
    if (!step.preempted()) admit(step, budget);
    if (step.prefilling()) return;
    step.decode_all();
  }

 private:
  void admit(StepPlanner& step, std::int32_t budget) const {
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const Request& r = step.first_waiting();
      const std::int64_t prompt = step.first_waiting_tokens();
      const std::int64_t answer = std::min<std::int64_t>(r.output_here - r.generated, kClippedOutput);
      const double reserved = kNewTokenRatio * static_cast<double>(step.remaining_output_tokens());
      // A lone request is admitted whatever its answer may come to.
      if (step.running() > 0 &&
          static_cast<double>(r.found_tokens - step.first_waiting_shared_tokens() + prompt + answer) + reserved >
              static_cast<double>(step.free_tokens()))
        break;
      const auto chunk = static_cast<std::int32_t>(std::min<std::int64_t>({prompt, budget, limits_.max_chunk_tokens}));
      if (step.first_waiting_must_be_whole(limits_, budget)) break;
      if (!step.admit(chunk)) break;
      budget -= chunk;
    }
  }

  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "sglang",
    "SGLang (0.4.9): prefill first in batches of its own, admission by estimated memory, retraction",
    [](const SchedulerLimits& limits) { return std::make_unique<Sglang>(limits); },
});

}  // namespace
}  // namespace flotilla::sim
