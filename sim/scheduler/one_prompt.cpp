// One prompt a step, else as vLLM V1: every decoding sequence makes a token, then the prompt that has begun goes on;
// only where none has does the first of the queue enter. So nobody who decodes waits for more than one prompt, or one
// chunk of it, between two tokens, however many come at once. Those who come pay for it: they enter one by one.
//
// No engine ships this. It is the policy that docs/extending.md builds.
#include <algorithm>

#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

class OnePrompt final : public Scheduler {
 public:
  explicit OnePrompt(const SchedulerLimits& limits) : limits_(limits) {}

  void plan(StepPlanner& step) const override {
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.decode_all();
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);
    if (step.preempted() || step.prefilling() || !first_may_enter(step, budget)) return;
    step.admit(std::min({step.first_waiting_tokens(), budget, limits_.max_chunk_tokens}));
  }

 private:
  [[nodiscard]] bool first_may_enter(const StepPlanner& step, std::int32_t budget) const {
    if (budget <= 0 || step.nobody_waits() || step.running() >= limits_.max_num_seqs) return false;
    if (step.first_waiting_must_be_whole(limits_, budget)) return false;
    return !limits_.reserve_full_isl || step.first_waiting_prompt_fits();
  }

  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "one_prompt",
    "one prompt a step, else as vLLM V1: who decodes waits for no more than one prompt or chunk",
    [](const SchedulerLimits& limits) { return std::make_unique<OnePrompt>(limits); },
    {"reserve_full_isl"},
});

}  // namespace
}  // namespace flotilla::sim
