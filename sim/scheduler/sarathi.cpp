// Sarathi-Serve (Agrawal et al., "Taming Throughput-Latency Tradeoff in LLM Inference with Sarathi-Serve", OSDI 2024;
// sarathi/core/scheduler/sarathi_scheduler.py and block_space_manager/vllm_block_space_manager.py of
// github.com/microsoft/sarathi-serve): stall-free batching under a token budget (chunk_size there,
// max_num_batched_tokens here). Every decoding sequence makes a token, then prompts that have begun go on, then new
// ones enter with what the budget leaves. Unlike in vLLM V1 memory is taken for a whole prompt when it enters, if that
// leaves the watermark, 1 % of the blocks, free; only decoding can run out of it, and the last sequence in rank is then
// computed again.
#include <algorithm>

#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {
namespace {

constexpr double kWatermark = 0.01;

class Sarathi final : public Scheduler {
 public:
  explicit Sarathi(const SchedulerLimits& limits) : limits_(limits) {}

  void plan(StepPlanner& step) const override {
    std::int32_t budget = limits_.max_num_batched_tokens;
    budget -= step.decode_all();
    budget -= step.continue_prefills(budget, limits_.max_chunk_tokens);
    while (budget > 0 && !step.nobody_waits() && step.running() < limits_.max_num_seqs) {
      const std::int32_t chunk = std::min({step.first_waiting_tokens(), budget, limits_.max_chunk_tokens});
      if (!step.admit(chunk, {true, limits_.watermark_blocks})) break;
      budget -= chunk;
    }
  }

 private:
  SchedulerLimits limits_;
};

const SchedulerRegistration kRegistration({
    "sarathi",
    "Sarathi-Serve: decode first, chunks of prompts fill a token budget, memory for whole prompts",
    [](const SchedulerLimits& limits) { return std::make_unique<Sarathi>(limits); },
    {"watermark"},
    true,
    kWatermark,
});

}  // namespace
}  // namespace flotilla::sim
