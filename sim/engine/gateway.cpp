#include "sim/engine/gateway.hpp"

#include <algorithm>

namespace flotilla::sim {

Gateway::Gateway(RequestSource& source, Router& router, std::int64_t max_concurrency, double stop_sending,
                 RequestPool& pool, Clock& clock, Recorder& recorder)
    : source_(source),
      router_(router),
      max_concurrency_(max_concurrency),
      stop_sending_(stop_sending),
      pool_(pool),
      clock_(clock),
      recorder_(recorder),
      slot_(clock.add_slot([this](double now) { send_due(now, false); })) {}

void Gateway::add_replica(Replica& replica, const AdmissionLimits& limits) {
  replica.on_finished([this](RequestHandle handle) { finished(handle); });
  replicas_.push_back(&replica);
  limits_.push_back(limits);
  loads_.emplace_back();
}

void Gateway::start() {
  router_.start(replicas_.size());
  // The highest slot of all: whatever replica ended a request, the others have begun their steps of that instant.
  room_slot_ = clock_.add_slot([this](double now) { send_due(now, true); });
  has_next_ = source_.next(next_);
  if (has_next_) clock_.schedule(slot_, next_.arrival);
}

void Gateway::send_due(double now, bool after_steps) {
  if (now >= stop_sending_) return;
  while (has_next_ && next_.arrival <= now) {
    if (full()) {
      waiting_for_room_ = true;
      return;
    }
    send(next_, now, after_steps);
    has_next_ = source_.next(next_);
  }
  if (has_next_) clock_.schedule(slot_, next_.arrival);
}

void Gateway::send(const ArrivingRequest& arriving, double now, bool after_steps) {
  const RequestHandle handle = pool_.allocate();
  Request& r = pool_[handle];
  r.id = arriving.id;
  r.wished_arrival = arriving.arrival;
  r.arrival = r.let_in = now;
  r.input_tokens = arriving.input_tokens;
  r.output_tokens = arriving.output_tokens;
  // The last token of a prompt is always computed: its answer begins with it.
  r.cached_tokens =
      std::max(0, std::min(r.input_tokens - 1, static_cast<std::int32_t>(cached_share_ * r.input_tokens)));
  recorder_.sent(now);

  const std::size_t choice = router_.pick(loads_);
  r.replica = static_cast<std::int32_t>(choice);
  if (std::int64_t* reason = reason_to_refuse(r, limits_[choice])) {
    ++*reason;
    recorder_.rejected(r);
    pool_.release(handle);
    return;
  }
  ++loads_[choice].outstanding;
  router_.changed(choice, loads_[choice]);
  if (diverts_ && diverts_(handle)) return;
  replicas_[choice]->enqueue(handle, now, after_steps);
}

std::int64_t* Gateway::reason_to_refuse(const Request& r, const AdmissionLimits& limits) {
  if (r.input_tokens < 1 || r.output_tokens < 1) return &refusals_.empty;
  const std::int64_t tokens = std::int64_t{r.input_tokens} + r.output_tokens;
  if (tokens > limits.max_model_len) return &refusals_.longer_than_context;
  if (tokens > limits.kv_tokens || r.input_tokens > limits.prompt_kv_tokens) return &refusals_.larger_than_memory;
  if (r.input_tokens - r.cached_tokens > limits.max_prompt) return &refusals_.longer_than_step;
  return nullptr;
}

void Gateway::left(std::size_t replica) {
  --loads_[replica].outstanding;
  router_.changed(replica, loads_[replica]);
}

void Gateway::finished(RequestHandle handle) {
  if (pool_[handle].decode_replica < 0) left(static_cast<std::size_t>(pool_[handle].replica));
  pool_.release(handle);
  if (!waiting_for_room_) return;
  waiting_for_room_ = false;
  clock_.schedule(room_slot_, clock_.now());
}

}  // namespace flotilla::sim
