#include "sim/engine/replica.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "sim/engine/invariant.hpp"

namespace flotilla::sim {

Replica::Replica(ReplicaSpec spec, RequestPool& pool, Clock& clock, Recorder& recorder)
    : spec_(std::move(spec)),
      pool_(pool),
      clock_(clock),
      recorder_(recorder),
      batch_(pool, spec_.kv_blocks, spec_.block_size, spec_.window,
             make_queue(spec_.queue_order, pool, spec_.queue_order_options), spec_.layout),
      planner_(batch_),
      frontend_slot_(spec_.frontend.seconds(1) > 0 ? clock.add_slot([this](double now) { pass_on(now); }) : -1),
      slot_(clock.add_slot([this](double now) { on_event(now); }, std::as_bytes(std::span(this, 1)))) {
  if (spec_.keeps_prefixes) batch_.keep_prefixes(spec_.eviction);
  planner_.set_host_blocks(spec_.host != nullptr ? spec_.host_blocks : 0);
  if (spec_.power.size() > 1) next_power_state_ = spec_.power[1].from;
}

/// The books stand where the jump began; since then sequences have grown, up to the step that is under way.
std::int64_t Replica::blocks_of_jump(double now) const {
  if (state_ != State::kStretch) return 0;
  // A step whose collectives are held up lasts beyond its boundary.
  const std::int64_t under_way = std::min(stretch_.first_boundary_from(now, stretch_.steps + 1), target_steps_);
  const std::int64_t steps = under_way - stretch_.steps;
  return batch_.decoding().blocks_needed(steps) - batch_.decoding().blocks_needed(1);
}

std::int64_t Replica::held_tokens(PrefixCache::Names names, double now) {
  return batch_.blocks_held(names, blocks_of_jump(now)) * spec_.block_size;
}

/// When the plan of a step that begins now is made. At once, unless the engine plans ahead: while the step runs that
/// ends now.
double Replica::plan_is_made(double now) const {
  if (!spec_.async_scheduling || state_ == State::kIdle) return now;
  return state_ == State::kStretch ? stretch_.boundary(target_steps_ - 1) : step_began_;
}

void Replica::on_event(double now) {
  const double made_at = plan_is_made(now);
  if (spec_.collectives != nullptr) add_network_wait(now);
  complete_steps(now);
  begin_step(now, made_at);
  if (std::exchange(made_room_, false) && room_) room_();
}

void Replica::complete_steps(double now) {
  if (state_ == State::kStretch) {
    const std::int64_t steps = target_steps_ - stretch_.steps;
    const bool turned = batch_.advance_decoding(steps);
    stretch_.steps = target_steps_;
    stretch_.blocks_at_end = batch_.kv().used();
    if (turned) close_stretch();
    retire_finished(now);
  } else if (state_ == State::kMixedStep) {
    ++books_.steps;
    ++books_.mixed_steps;
    books_.kv_block_seconds += static_cast<double>(batch_.kv().used()) * (now - step_began_);
    const double watts = add_energy(mixed_times_, now - step_began_);
    spec_.pen.worked(step_began_, now, batch_.running(), batch_.kv().used(), watts);
    if (planner_.decode_planned()) {
      batch_.advance_decoding(1);
      recorder_.token_gaps(now - step_began_, 0, 1, mixed_decodes_ - held_sequences_);
      release_held(now);
      recorder_.tokens(now, mixed_decodes_);
      spec_.pen.made_tokens(now, mixed_decodes_);
      books_.output_tokens += mixed_decodes_;
    }
    complete_prefills(now);
    retire_finished(now);
  }
}

void Replica::complete_prefills(double now) {
  for (const PrefillChunk& chunk : planner_.chunks()) {
    books_.prefill_tokens += chunk.tokens;
    spec_.pen.prefilled(now, chunk.tokens);
    batch_.prefill_advanced(chunk.request, chunk.tokens);
    const Request& r = pool_[chunk.request];
    if (r.computed < r.prefill_target) continue;
    if (spec_.tiers.mover != nullptr) store_in_tiers(chunk.request, now);
    token_made(chunk.request, now);
  }
}

void Replica::token_made(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  if (spec_.prefills_only && r.output_tokens > r.output_here) return pass_to_decode(handle, now);
  if (r.first_token < 0) {
    r.first_token = now;
  } else {
    recorder_.token_gap(now - r.last_token);  // the pause of a preemption, or of a lost replica
  }
  r.last_token = now;
  ++r.generated;
  ++books_.output_tokens;
  recorder_.tokens(now, 1);
  spec_.pen.made_tokens(now, 1);
  batch_.start_decoding(handle);
  if (r.decoding()) return;
  retire(handle, now);
}

void Replica::retire(RequestHandle handle, double now) {
  if (spec_.tiers.mover != nullptr) store_in_tiers(handle, now);
  batch_.retire(handle);
  if (pool_[handle].to_stop) std::erase(to_drop_, handle);
  spec_.pen.ended(now);
  if (handle == told_) tell_end(pool_[handle], now);
  recorder_.finished(pool_[handle]);
  finished_(handle);
}

/// Its first token travels with its KV: the user sees it when that has arrived.
void Replica::pass_to_decode(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  r.prefilled = now;
  ++r.generated;
  batch_.start_decoding(handle);  // which ends its prefill: there is no more to make here
  if (r.to_stop) return retire(handle, now);
  spec_.pen.ended(now);
  batch_.hold(handle);
  prefilled_(handle);
}

void Replica::retire_finished(double now) {
  for (RequestHandle handle = batch_.decoding().pop_finished(pool_); handle != kNoRequest;
       handle = batch_.decoding().pop_finished(pool_)) {
    if (stretch_.open()) close_stretch();
    made_room_ = true;
    pool_[handle].last_token = now;
    retire(handle, now);
  }
}

void Replica::begin_step(double now, double made_at) {
  if (now >= next_power_state_) enter_power_state(now);
  if (!to_drop_.empty()) drop_abandoned(now);
  join_received();
  if (spec_.tiers.mover != nullptr) fetch_from_tiers(now);
  planner_.begin(now, made_at);
  spec_.scheduler->plan(planner_);
  if (planner_.plans_nothing() &&
      planner_.first_came_too_late()) {  // nothing runs meanwhile that it would have to wait for
    planner_.begin(now, now);
    spec_.scheduler->plan(planner_);
  }
  if (planner_.preempted()) trim_held();
  if (told_ != kNoRequest) tell_plan(now);
  planner_.swaps().empty() ? begin_planned_step(now) : move_swapped(now);
}

void Replica::begin_planned_step(double now) {
  if (planner_.chunks().empty() && planner_.decode_planned()) {
    begin_decode_step(now);
  } else if (!planner_.chunks().empty()) {
    begin_mixed_step(now);
  } else {
    close_stretch();
    state_ = State::kIdle;
    tell_levels(now);
    const bool memory_is_elsewhere = batch_.held_blocks() > 0 || batch_.expected() > 0 || !fetching_.empty();
    const bool somebody_waits = !batch_.waiting().empty() || !batch_.swapped().empty();
    if (batch_.running() > 0 || (somebody_waits && !memory_is_elsewhere)) {
      throw InvariantError("a replica with work and memory is never idle",
                           fmt::format("{} running, {} waiting, {} of {} blocks free at {} s", batch_.running(),
                                       batch_.waiting().size(), batch_.kv().free(), batch_.kv().total(), now));
    }
  }
}

void Replica::begin_mixed_step(double now) {
  close_stretch();
  made_room_ = true;  // in the queue, at least: who was preempted may be back
  if (!planner_.decode_planned()) hold_decoding(now);
  models::MixedBatch mixed;
  mixed_decodes_ = planner_.decode_planned() ? batch_.decoding().size() : 0;
  mixed.decode_seqs = static_cast<int>(mixed_decodes_);
  mixed.decode_kv_tokens = mixed_decodes_ > 0 ? batch_.decoding().kv_tokens() : 0;
  mixed.decode_window_tokens = mixed_decodes_ > 0 ? batch_.decoding().window_tokens() : 0;
  for (const PrefillChunk& chunk : planner_.chunks()) {
    Request& r = pool_[chunk.request];
    if (r.scheduled < 0) {
      r.scheduled = now;
      spec_.pen.waited(r.enqueued, now);
    }
    mixed.add_prefill(r.computed, chunk.tokens, r.computed + chunk.tokens == r.prefill_target, spec_.window);
  }
  const models::CauseTimes times = spec_.cost->mixed(mixed);
  books_.busy += times;
  mixed_times_ = times;
  if (told_ != kNoRequest) tell_step(now, times);
  state_ = State::kMixedStep;
  step_began_ = now;
  tell_levels(now);
  if (spec_.collectives != nullptr) {
    send_collectives(now, times.total(), times.communication, mixed);
  } else {
    clock_.schedule(slot_, now + times.total());
    tell_mixed_step(now + times.total(), times);
  }
  if (!chunk_) return;
  for (const PrefillChunk& chunk : planner_.chunks()) chunk_(chunk.request, chunk.tokens, times.total());
}

void Replica::begin_decode_step(double now) {
  const bool beyond = stretch_.open() && stretch_.steps >= stretch_.steps_within(stretch_.cost->valid_until);
  if (beyond || planner_.plans_anew() || spec_.collectives != nullptr) close_stretch();
  if (!stretch_.open()) {
    const std::int64_t n = batch_.decoding().size();
    const std::int64_t kv_tokens = batch_.decoding().kv_tokens();
    stretch_ = Stretch::begin(now, spec_.cost->decode(static_cast<int>(n)), n, kv_tokens,
                              batch_.decoding().window_tokens(), batch_.decoding().window_growth());
    stretch_.blocks_at_start = batch_.kv().used();
    tell_levels(now);
  }
  state_ = State::kStretch;
  if (spec_.collectives == nullptr) return schedule_stretch_end();
  target_steps_ = 1;
  models::MixedBatch batch;
  batch.decode_seqs = static_cast<int>(stretch_.sequences);
  send_collectives(now, stretch_.first, stretch_.cost->base_by_cause.communication, batch);
}

/// The decoding sequences that made a token until now pause: their next gap is counted from here.
void Replica::hold_decoding(double since) {
  const std::int64_t newly = batch_.decoding().size() - held_sequences_;
  if (newly <= 0) return;
  held_.push_back({since, newly});
  held_sequences_ += newly;
}

/// Preemption takes the last admitted, which were passed over last.
void Replica::trim_held() {
  while (held_sequences_ > batch_.decoding().size()) {
    --held_sequences_;
    if (--held_.back().sequences == 0) held_.pop_back();
  }
}

void Replica::release_held(double now) {
  for (const Held& held : held_) recorder_.token_gaps(now - held.since, 0, 1, held.sequences);
  held_.clear();
  held_sequences_ = 0;
}

void Replica::schedule_stretch_end() {
  target_steps_ = stretch_.steps + 1;
  // After a preemption a policy may decide otherwise at the very next step, though nothing else has changed.
  // Who is first now is looked up in the tiers at the next step.
  const bool looks = spec_.tiers.mover != nullptr && !batch_.waiting().empty() &&
                     pool_[batch_.waiting().front()].fetching == Request::Fetching::kUnknown;
  // Who came too late for this plan may be in the next.
  const bool came_late = !planner_.sees(latest_enqueued_) &&
                         (planner_.first_came_too_late() || planner_.waiting() || batch_.waiting().chooses_anew());
  if (!spec_.step_by_step && !planner_.plans_anew() && !looks && !came_late) {
    // Blocks of the first step are taken already; the others must fit into what is free.
    const std::int64_t first_blocks = batch_.decoding().blocks_needed(1);
    std::int64_t jump = batch_.decoding().steps_to_next_finish(pool_);
    jump = std::min(jump, batch_.decoding().steps_to_next_turn(pool_));
    // Prompts that are made to wait are counted anew at each step, by what is found of them then.
    jump = std::min(jump, planner_.waiting() && batch_.keeps_prefixes() ? 1 : planner_.wait_left());
    // Where somebody waits, nothing that may be found of his prompt makes way meanwhile: he might need less then.
    const std::int64_t idle = batch_.waiting().empty() ? 0 : batch_.idle_prefix_blocks();
    jump = std::min(jump, batch_.decoding().steps_within(batch_.kv().free() - idle + first_blocks));
    jump = std::min(jump, stretch_.steps_within(stretch_.cost->valid_until) - stretch_.steps);
    if (jump > 1 && stretch_.boundary(stretch_.steps + jump) > next_power_state_)
      jump = stretch_.first_boundary_from(next_power_state_, stretch_.steps + 1) - stretch_.steps;
    target_steps_ = stretch_.steps + std::max<std::int64_t>(1, jump);
  }
  clock_.schedule(slot_, stretch_.boundary(target_steps_));
}

void Replica::close_stretch() {
  if (!stretch_.open()) return;
  const Stretch s = std::exchange(stretch_, {});
  if (s.steps == 0) return;
  books_.steps += s.steps;
  const models::CauseTimes times = s.time_by_cause();
  books_.busy += times;
  books_.output_tokens += s.steps * s.sequences;
  const double end = s.boundary(s.steps);
  books_.kv_block_seconds += 0.5 * static_cast<double>(s.blocks_at_start + s.blocks_at_end) * (end - s.anchor);
  if (held_sequences_ == 0) {
    recorder_.token_gaps(s.first, s.growth, s.steps, s.sequences);
  } else {
    recorder_.token_gaps(s.first, 0, 1, s.sequences - held_sequences_);
    release_held(s.boundary(1));
    recorder_.token_gaps(s.first + s.growth, s.growth, s.steps - 1, s.sequences);
  }
  recorder_.tokens_of(s);
  spec_.pen.stretched(s, add_energy(times, end - s.anchor));
  if (spec_.listener != nullptr) spec_.listener->stretch(spec_.number, s);
}

void Replica::tell_levels(double now) const {
  if (spec_.listener == nullptr) return;
  spec_.listener->levels(spec_.number, now,
                         {batch_.running(), static_cast<std::int64_t>(batch_.waiting().size()), batch_.kv().used()});
}

void Replica::tell_mixed_step(double end, const models::CauseTimes& times) const {
  if (spec_.listener == nullptr) return;
  MixedStep step{step_began_, end, 0, 0, mixed_decodes_, times};
  for (const PrefillChunk& chunk : planner_.chunks()) {
    ++step.prompts;
    step.prompt_tokens += chunk.tokens;
  }
  spec_.listener->mixed_step(spec_.number, step);
}

void Replica::close() {
  close_stretch();
  if (outstanding() == 0 && batch_.kv().used() != batch_.held_blocks() - batch_.shared()) {
    throw InvariantError("KV blocks return to zero", fmt::format("{} in use by nobody", batch_.kv().used()));
  }
  const bool nobody = outstanding() == 0 && batch_.held_blocks() == 0 && batch_.expected() == 0;
  if (nobody && (batch_.claimed_tokens() != 0 || batch_.committed_blocks() != 0)) {
    throw InvariantError("KV blocks return to zero", fmt::format("{} tokens claimed, {} blocks committed by nobody",
                                                                 batch_.claimed_tokens(), batch_.committed_blocks()));
  }
  batch_.for_each([this](RequestHandle handle) {
    const Request& r = pool_[handle];
    if (r.scheduled < 0) spec_.pen.waited(r.enqueued, clock_.now());
    recorder_.unfinished(r);
  });
  for (const RequestHandle handle : in_frontend_) recorder_.unfinished(pool_[handle]);
  for (const Fetch& fetch : fetching_) recorder_.unfinished(pool_[fetch.handle]);
  for (const RequestHandle handle : received_) recorder_.unfinished(pool_[handle]);
  books_.preemptions = planner_.preemptions();
  books_.kv_peak_blocks = batch_.kv().peak();
}

}  // namespace flotilla::sim
