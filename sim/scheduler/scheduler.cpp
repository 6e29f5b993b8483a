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
  if (waiting()) waited_ += batch_.decoding().steps() - planned_at_;
  wait_left_ = kNoWait;
  planned_at_ = batch_.decoding().steps();
}

std::int64_t StepPlanner::prompt_tokens_at_hand(std::int32_t budget, std::int32_t most, bool chunked, std::int64_t seqs,
                                                double enough) const {
  std::int64_t tokens = 0;
  for (const RequestHandle handle : batch_.prefilling()) {
    const Request& r = batch_.pool()[handle];
    tokens += std::min({std::int64_t{r.prefill_target} - r.computed, budget - tokens, std::int64_t{most}});
  }
  batch_.look_up_first();
  std::int64_t blocks = batch_.committed_blocks();
  if (!batch_.waiting().empty()) blocks -= batch_.blocks_shared_with_first();
  for (const RequestHandle handle : batch_.waiting()) {
    if (tokens >= budget || static_cast<double>(tokens) >= enough || seqs-- <= 0) break;
    const Request& r = batch_.pool()[handle];
    blocks += batch_.kv().blocks_for(r.input_tokens + r.output_here - 1);
    if (blocks > batch_.kv().total()) break;
    const std::int64_t prompt = std::int64_t{r.input_tokens} - r.found_tokens + r.generated;
    const std::int64_t chunk = std::min({prompt, budget - tokens, std::int64_t{most}});
    if (chunk < prompt && !chunked) break;
    tokens += chunk;
  }
  return tokens;
}

void StepPlanner::preempt_last() {
  const RequestHandle victim = batch_.preempt_last(now_);
  chunks_.erase(
      std::remove_if(chunks_.begin(), chunks_.end(), [&](const PrefillChunk& c) { return c.request == victim; }),
      chunks_.end());
  preempted_ = true;
  ++preemptions_;
}

std::int32_t StepPlanner::decode_all() {
  // A sequence that finds no block preempts the last admitted, in the end itself; going through them in the order of
  // admission stops as soon as what is left fits, which is this loop.
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
  if (!batch_.reserve_first_chunk(handle, tokens)) return false;
  batch_.start_first_waiting();
  chunks_.push_back({handle, tokens});
  return true;
}

SchedulerRegistration::SchedulerRegistration(SchedulerEntry entry) {
  Registry<SchedulerEntry>::instance().add(std::move(entry));
}

const std::vector<SchedulerEntry>& schedulers() { return Registry<SchedulerEntry>::instance().entries(); }

const SchedulerEntry& scheduler_entry(const std::string& name) { return Registry<SchedulerEntry>::instance().at(name); }

std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerLimits& limits) {
  return scheduler_entry(name).make(limits);
}

}  // namespace flotilla::sim
