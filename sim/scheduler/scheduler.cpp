#include "sim/scheduler/scheduler.hpp"

#include <algorithm>
#include <utility>

#include "sim/engine/registry.hpp"

namespace flotilla::sim {

void StepPlanner::begin(double now) {
  now_ = now;
  chunks_.clear();
  decode_planned_ = false;
  preempted_ = false;
}

void StepPlanner::preempt_last() {
  const RequestHandle victim = batch_.preempt_last(now_);
  chunks_.erase(std::remove_if(chunks_.begin(), chunks_.end(), [&](const PrefillChunk& c) { return c.request == victim; }),
                chunks_.end());
  preempted_ = true;
  ++preemptions_;
}

std::int32_t StepPlanner::decode_all() {
  // A sequence that finds no block preempts the last admitted, in the end itself; going through them in the order of admission
  // stops as soon as what is left fits, which is this loop.
  while (batch_.decoding().size() > 0 && batch_.decoding().blocks_needed(1) > batch_.kv().free()) preempt_last();
  if (batch_.decoding().size() == 0) return 0;
  batch_.reserve_decode();
  decode_planned_ = true;
  return static_cast<std::int32_t>(batch_.decoding().size());
}

std::int32_t StepPlanner::continue_prefills(std::int32_t budget, std::int32_t most) {
  std::int32_t used = 0;
  for (std::size_t i = 0; i < batch_.prefilling().size() && used < budget;) {
    const RequestHandle handle = batch_.prefilling()[i];
    const Request& r = batch_.pool()[handle];
    const std::int32_t tokens = std::min({r.prefill_target - r.computed, budget - used, most});
    if (batch_.reserve_prefill(handle, tokens)) {
      chunks_.push_back({handle, tokens});
      used += tokens;
      ++i;
    } else {
      const bool itself = batch_.last_running() == handle;
      preempt_last();
      if (itself) break;
    }
  }
  if (batch_.decoding().size() == 0) decode_planned_ = false;
  return used;
}

bool StepPlanner::admit(std::int32_t tokens) {
  const RequestHandle handle = batch_.waiting().front();
  if (!batch_.reserve_prefill(handle, tokens)) return false;
  batch_.start_first_waiting();
  chunks_.push_back({handle, tokens});
  return true;
}

SchedulerRegistration::SchedulerRegistration(SchedulerEntry entry) {
  Registry<SchedulerEntry>::instance().add(std::move(entry));
}

const std::vector<SchedulerEntry>& schedulers() { return Registry<SchedulerEntry>::instance().entries(); }

std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerLimits& limits) {
  return Registry<SchedulerEntry>::instance().at(name).make(limits);
}

}  // namespace flotilla::sim
