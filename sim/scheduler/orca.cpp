// Orca's iteration-level scheduling (Yu et al., "Orca: A Distributed Serving System for Transformer-Based Generative
// Models", OSDI 2022, algorithm 1): at each iteration the first to come run, up to max_num_seqs; a newcomer enters with
// its whole prompt beside those that decode (selective batching), and leaves with its last token, whatever the others
// do. Memory for its prompt and its longest answer is set aside when it enters, so that nobody is ever preempted: with
// answers as long as they will be (the paper reserves max_tokens, which a client may set too high).
//
// The paper has no budget of tokens; max_num_batched_tokens stands for the room of a step's activations.
#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

class Orca final : public Scheduler {
 public:
  explicit Orca(const SchedulerLimits& limits) : limits_(limits) {}

  void plan(StepPlanner& step) const override {
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.decode_all();
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);  // only of a prompt that is cut after all
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const std::int32_t prompt = step.first_waiting_tokens();
      const std::int32_t chunk = std::min({prompt, budget, limits_.max_chunk_tokens});
      if (step.first_waiting_must_be_whole(limits_, budget)) break;
      if (!step.first_waiting_fits_to_its_end() || !step.admit(chunk)) break;
      budget -= chunk;
    }
  }

  /// It never preempts: whoever comes must fit to its end.
  [[nodiscard]] bool may_receive(const Batch& batch, const Request& r) const override {
    return batch.committed_blocks() + batch.kv().blocks_for(r.input_tokens + r.output_tokens - 1) <= batch.kv().total();
  }

 private:
  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "orca",
    "Orca: whole prompts enter beside decoding, memory set aside for the longest answer",
    [](const SchedulerLimits& limits) { return std::make_unique<Orca>(limits); },
    {},
    false,
});

}  // namespace
}  // namespace flotilla::sim
