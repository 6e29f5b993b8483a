#include "sim/engine/story.hpp"

#include <fmt/format.h>

namespace flotilla::sim {

void Story::waits(double now, const std::string& reason) {
  ++steps_;
  if (reason == reason_) return;
  waits_no_more(now);
  reason_ = reason;
  since_ = now;
  steps_ = 1;
  tell(now, "waits: " + reason);
}

void Story::waits_no_more(double now) {
  if (reason_.empty()) return;
  if (now > since_) tell(now, fmt::format("that lasted {:.1f} ms", 1000 * (now - since_)));
  reason_.clear();
}

void Story::shared_a_step(double seconds, std::int64_t prompt_tokens) {
  ++shared_steps_;
  shared_seconds_ += seconds;
  shared_tokens_ += prompt_tokens;
}

}  // namespace flotilla::sim
