// TensorRT-LLM's in-flight batching (tensorrt_llm/_torch/pyexecutor/scheduler.py and cpp/tensorrt_llm/batch_manager/
// capacityScheduler.cpp, release 1.0): every running sequence makes a token in every step, and whole prompts (or
// chunks, where chunked context is on) fill what is left of max_num_tokens. Two capacity policies say who may enter:
// - GUARANTEED_NO_EVICT, the default: a request enters only if it and every running sequence can reach their longest
//   possible ends in the memory there is, so that nothing is ever preempted;
// - MAX_UTILIZATION: it enters if the blocks of its whole prompt are free now; where a running sequence finds none for
//   its next token the last to start is paused, computed again later, and nobody enters in that step.
//
// Batch waiting (py_executor.py, release 1.1, `_schedule` and `_waiting_requests`): while sequences decode, the prompts
// of a step are held back until their tokens and those of the decoding sequences (one, and its drafts) reach
// batch_wait_max_tokens_ratio * max_num_tokens, or until they have been held back in batch_wait_timeout_iters steps.
// The count starts anew only when prompts were let in that way: it outlives a step in which nobody decoded.
// `stream_interval` needs no key: the first token of an answer and its end are always sent at once, so that it shifts
// gaps between tokens, but neither TTFT, TPOT nor latency.
#include <algorithm>

#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

class TrtllmInflight final : public Scheduler {
 public:
  explicit TrtllmInflight(const SchedulerLimits& limits) : limits_(limits) {}

  void plan(StepPlanner& step) const override {
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.decode_all();
    if (waits_for_more(step, budget)) {
      step.wait(limits_.batch_wait_timeout_iters);
      return;
    }
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);
    if (step.preempted()) return;
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const std::int32_t chunk = std::min({step.first_waiting_tokens(), budget, limits_.max_chunk_tokens});
      if (step.first_waiting_must_be_whole(limits_, budget)) break;
      if (!limits_.max_utilization && !step.first_waiting_fits_to_its_end()) break;
      if (!step.admit(chunk, {limits_.max_utilization, 0})) break;
      budget -= chunk;
    }
  }

  /// Where it never preempts, whoever comes must fit to its end.
  [[nodiscard]] bool may_receive(const Batch& batch, const Request& r) const override {
    return limits_.max_utilization ||
           batch.committed_blocks() + batch.kv().blocks_for(r.input_tokens + r.output_tokens - 1) <= batch.kv().total();
  }

 private:
  [[nodiscard]] bool waits_for_more(StepPlanner& step, std::int32_t budget) const {
    const double wanted = limits_.batch_wait_max_tokens_ratio * limits_.max_num_batched_tokens;
    if (wanted <= 0 || limits_.batch_wait_timeout_iters <= 0 || step.decoding() == 0) return false;
    const double decoding = static_cast<double>(step.decoding()) * limits_.tokens_per_decode;
    const std::int64_t prompts =
        step.prompt_tokens_at_hand(budget, limits_.max_chunk_tokens, limits_.enable_chunked_prefill,
                                   limits_.max_num_seqs - step.running(), wanted - decoding);
    if (prompts == 0) return false;
    if (decoding + static_cast<double>(prompts) < wanted && step.steps_waited() < limits_.batch_wait_timeout_iters)
      return true;
    step.end_wait();
    return false;
  }

  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "trtllm_inflight",
    "TensorRT-LLM (1.0): in-flight batching, GUARANTEED_NO_EVICT (admits what fits to its end) or MAX_UTILIZATION",
    [](const SchedulerLimits& limits) { return std::make_unique<TrtllmInflight>(limits); },
    {"batch_wait_max_tokens_ratio", "batch_wait_timeout_iters", "capacity_scheduler_policy"},
});

}  // namespace
}  // namespace flotilla::sim
