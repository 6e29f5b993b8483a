#include "sim/scheduler/scheduler.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "sim/engine/registry.hpp"

namespace flotilla::sim {

void StepPlanner::begin(double now, double made_at) {
  now_ = now;
  made_at_ = made_at;
  chunks_.clear();
  swaps_.clear();
  decode_planned_ = false;
  preempted_ = false;
  if (waiting()) waited_ += batch_.decoding().steps() - planned_at_;
  wait_left_ = kNoWait;
  planned_at_ = batch_.decoding().steps();
}

bool StepPlanner::first_came_too_late() const {
  if (made_at_ >= now_ || batch_.waiting().empty()) return false;
  batch_.look_up_first();  // which may choose another
  return !sees(batch_.pool()[batch_.waiting().front()].enqueued);
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
  batch_.waiting().visit([&](RequestHandle handle) {
    if (tokens >= budget || static_cast<double>(tokens) >= enough || seqs-- <= 0) return false;
    const Request& r = batch_.pool()[handle];
    if (!sees(r.enqueued)) return false;
    blocks += batch_.kv().blocks_for(r.input_tokens + r.output_here - 1);
    if (blocks > batch_.kv().total()) return false;
    const std::int64_t prompt = std::int64_t{r.input_tokens} - r.found_tokens + r.generated;
    const std::int64_t chunk = std::min({prompt, budget - tokens, std::int64_t{most}});
    if (chunk < prompt && !chunked) return false;
    tokens += chunk;
    return true;
  });
  return tokens;
}

RequestHandle StepPlanner::victim() const {
  if (victim_ == Victim::kLastInRank) return batch_.last_in_rank();
  const auto output = [this](const Request& r) { return r.decoding() ? batch_.decoding().generated(r) : r.generated; };
  RequestHandle last = batch_.last_running();
  for (RequestHandle handle = last; handle != kNoRequest; handle = batch_.pool()[handle].previous) {
    const Request& r = batch_.pool()[handle];
    const Request& best = batch_.pool()[last];
    const std::int32_t a = output(r), b = output(best);
    if (a < b || (a == b && r.input_tokens > best.input_tokens)) last = handle;
  }
  return last;
}

RequestHandle StepPlanner::preempt_one() {
  const RequestHandle handle = victim();
  const Request& r = batch_.pool()[handle];
  // What its chunk of this step took goes back with the rest: it counts as computed until then.
  for (const PrefillChunk& chunk : chunks_)
    if (chunk.request == handle) batch_.prefill_advanced(handle, chunk.tokens);
  const bool to_host = mode_ == Preemption::kSwap && r.decoding() &&
                       batch_.swapped_blocks() + batch_.kv().blocks_for(batch_.decoding().computed(r)) <= host_blocks_;
  if (to_host) {
    batch_.swap_out(handle, now_);
    swaps_.push_back({handle, true});
  } else {
    batch_.preempt(handle, now_);
  }
  std::erase_if(chunks_, [&](const PrefillChunk& c) { return c.request == handle; });
  preempted_ = true;
  ++preemptions_;
  return handle;
}

void StepPlanner::swap_in() { swaps_.push_back({batch_.swap_in(), false}); }

std::int32_t StepPlanner::decode_all() {
  // A sequence that finds no block preempts the last admitted, in the end itself; going through them in the order of
  // admission stops as soon as what is left fits, which is this loop.
  while (batch_.decoding().size() > 0 && batch_.decoding().blocks_needed(1) > batch_.kv().free()) preempt_one();
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
      // Whoever has to go may stand before it in the list, with a chunk in this step: its tokens are free again.
      const RequestHandle gone = preempt_one();
      used = std::accumulate(chunks_.begin(), chunks_.end(), std::int32_t{0},
                             [](std::int32_t sum, const PrefillChunk& c) { return sum + c.tokens; });
      if (gone == handle) break;
      i = static_cast<std::size_t>(std::find(batch_.prefilling().begin(), batch_.prefilling().end(), handle) -
                                   batch_.prefilling().begin());
    }
  }
  if (batch_.decoding().size() == 0) decode_planned_ = false;
  return used;
}

std::int64_t StepPlanner::partial_prefills() const {
  std::int64_t whole = 0;
  for (const PrefillChunk& chunk : chunks_) {
    const Request& r = batch_.pool()[chunk.request];
    whole += r.computed + chunk.tokens == r.prefill_target ? 1 : 0;
  }
  return static_cast<std::int64_t>(batch_.prefilling().size()) - whole;
}

bool StepPlanner::admit(std::int32_t tokens, const EntryRules& rules) {
  const RequestHandle handle = batch_.waiting().front();
  if (!batch_.reserve_first_chunk(handle, tokens, rules)) return false;
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
