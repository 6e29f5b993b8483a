// The prompt of which the prefix cache holds most goes first, as SGLang's schedule policy lpm
// (python/sglang/srt/managers/schedule_policy.py, release 0.4.9): a queue of more than 128 is served in the order of
// arrival, because looking all of them up would cost too much.
#include "sim/engine/waiting_queue.hpp"

namespace flotilla::sim {
namespace {

constexpr std::size_t kLongQueue = 128;

class LongestPrefix final : public FifoQueue {
 public:
  using FifoQueue::FifoQueue;
  [[nodiscard]] bool chooses_anew() const override { return true; }

  void look_at(const PrefixCache& cache, int block_size) override {
    if (size() > kLongQueue) return;
    RequestHandle best = queue().front();
    std::int64_t most = -1;
    for (const RequestHandle handle : queue()) {
      const Request& r = pool()[handle];
      const std::int64_t limit = (std::int64_t{r.input_tokens} + r.generated - 1) / block_size;
      const std::int64_t found = std::min(limit, cache.match(pool().text(handle).names));
      if (found <= most) continue;
      most = found;
      best = handle;
    }
    choose_front(best);
  }
};

const QueueOrderRegistration kRegistration(
    {"longest_prefix", "the prompt of which the prefix cache holds most (SGLang's lpm)",
     [](RequestPool& pool, const QueueOrderOptions&) { return std::make_unique<LongestPrefix>(pool); }});

}  // namespace
}  // namespace flotilla::sim
