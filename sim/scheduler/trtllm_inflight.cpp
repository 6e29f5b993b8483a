// TensorRT-LLM's in-flight batching with its default capacity policy GUARANTEED_NO_EVICT (tensorrt_llm/_torch/pyexecutor/
// scheduler.py, release 1.0): a request enters only if it and every running sequence can reach their longest possible ends in
// the memory there is, so that nothing is ever preempted; every running sequence makes a token in every step, and whole prompts
// (or chunks, where chunked context is on) fill what is left of max_num_tokens.
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
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const std::int32_t chunk = std::min({step.first_waiting_tokens(), budget, limits_.max_chunk_tokens});
      if (chunk < step.first_waiting_tokens() && !limits_.enable_chunked_prefill) break;
      if (!step.first_waiting_fits_to_its_end() || !step.admit(chunk)) break;
      budget -= chunk;
    }
  }

 private:
  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "trtllm_inflight",
    "TensorRT-LLM (1.0): in-flight batching, GUARANTEED_NO_EVICT: admits what fits to its end, never preempts",
    [](const SchedulerLimits& limits) { return std::make_unique<TrtllmInflight>(limits); },
});

}  // namespace
}  // namespace flotilla::sim
