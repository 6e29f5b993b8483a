#include "sim/engine/gateway.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/workload/hash_chain.hpp"

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

void Gateway::tell_tenants(std::vector<Serves> tenants, const Serves& others) {
  tenants_ = std::move(tenants);
  others_ = others;
}

void Gateway::add_replica(Replica& replica, const AdmissionLimits& limits, const Serves& serves) {
  replica.on_finished([this](RequestHandle handle) { finished(handle); });
  replicas_.push_back(&replica);
  limits_.push_back(limits);
  loads_.emplace_back();
  loads_.back().serves = serves;
  loads_.back().max_num_seqs = replica.spec().max_num_seqs;
  ++open_;
  const int size = replica.spec().block_size;
  const bool known = std::any_of(names_.begin(), names_.end(), [&](const auto& names) { return names.first == size; });
  if (replica.spec().keeps_prefixes && !known) names_.emplace_back(size, std::vector<std::uint64_t>());
}

void Gateway::start() {
  router_.start(replicas_.size());
  for (std::size_t i = 0; i < loads_.size(); ++i) router_.changed(i, loads_[i]);
  // The highest slot of all: whatever replica ended a request, the others have begun their steps of that instant.
  room_slot_ = clock_.add_slot([this](double now) { send_due(now, true); });
  has_next_ = source_.next(next_);
  if (has_next_) clock_.schedule(slot_, next_.arrival);
}

void Gateway::send_due(double now, bool after_steps) {
  if (after_steps && !homeless_.empty()) send_homeless(now);
  if (now >= stop_sending_) return tell_if_done(now);
  while (has_next_ && next_.arrival <= now) {
    if (full()) {
      waiting_for_room_ = true;
      return;
    }
    send(next_, now, after_steps);
    has_next_ = source_.next(next_);
  }
  if (has_next_) return clock_.schedule(slot_, next_.arrival);
  tell_if_done(now);
}

void Gateway::tell_if_done(double now) {
  if (recorder_.in_flight > 0 || (has_next_ && now < stop_sending_)) return;
  if (clients_ != nullptr) clients_->close();
  if (done_) done_();
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
  r.found_tokens = r.cached_tokens =
      std::max(0, std::min(r.input_tokens - 1, static_cast<std::int32_t>(cached_share_ * r.input_tokens)));
  r.session = arriving.session;
  r.tenant = static_cast<std::int32_t>(arriving.tenant);
  const auto tenant = static_cast<std::size_t>(arriving.tenant);
  const Serves& wants = tenant < tenants_.size() ? tenants_[tenant] : others_;
  r.model = wants.model;
  r.slo_class = wants.slo_class;
  r.priority = arriving.priority;
  r.deadline = now + (r.tenant < 0 ? std::min(ttft_promise_, arriving.ttft_promise) : arriving.ttft_promise);
  recorder_.sent(now);
  name_blocks(arriving);
  if (clients_ != nullptr) clients_->sent(handle, now);
  if (tells(r)) {
    story_->tell(now, fmt::format("arrives: {} tokens in, {} out{}", r.input_tokens, r.output_tokens,
                                  now > r.wished_arrival ? fmt::format("; held back for {:.1f} ms by max_concurrency",
                                                                       1000 * (now - r.wished_arrival))
                                                         : ""));
  }
  let_in(handle, now, after_steps);
}

/// To a replica, if one is open. The names of its blocks are known.
void Gateway::dispatch(RequestHandle handle, double now, bool after_steps) {
  Request& r = pool_[handle];
  if (shortcut_ && shortcut_(handle, now, after_steps)) return;
  const RoutedRequest request{r.input_tokens, r.session, {r.model, r.slo_class}};
  const bool queues = !homeless_.empty() && !sending_homeless_ && homeless_.waiting(request.wants) > 0;
  if (queues || !finds_open(request)) {
    if (!names_.empty()) pool_.text(handle).names = names_.front().second;
    homeless_.push(handle, request.wants);
    if (tells(r)) story_->tell(now, "no replica is open to it: it waits at the door");
    return;
  }
  const std::size_t choice = choose(request, now, after_steps);
  r.replica = static_cast<std::int32_t>(choice);
  if (tells(r)) tell_choice(r, choice, now);
  if (std::int64_t* reason = reason_to_refuse(r, limits_[choice])) {
    if (r.failures > 0) return lost({&handle, 1}, true, now, after_steps);
    ++*reason;
    if (tells(r)) story_->tell(now, "refused: no step or memory of that replica could ever hold it");
    recorder_.rejected(r);
    release(handle);
    return;
  }
  if (!names_.empty()) {
    pool_.text(handle).names.clear();
    if (replicas_[choice]->spec().keeps_prefixes) pool_.text(handle).names.swap(names_of(*replicas_[choice]));
  }
  load_changed(choice, 1);
  if (diverts_ && diverts_(handle)) return;
  replicas_[choice]->enqueue(handle, now, after_steps);
}

/// Where all are open, somebody is: the build has seen to that.
bool Gateway::finds_open(const RoutedRequest& request) const {
  if (open_ == loads_.size()) return true;
  return std::any_of(loads_.begin(), loads_.end(),
                     [&](const ReplicaLoad& load) { return load.open && router_.may_take(load, request); });
}

std::size_t Gateway::homeless(std::size_t replica) const {
  std::size_t count = 0;
  for (const Lobby::Lane& lane : homeless_.lanes())
    if (router_.may_take(loads_[replica], {0, -1, lane.wants})) count += lane.queue.size();
  return count;
}

std::int64_t Gateway::stranded(const std::function<bool(std::size_t)>& hope) const {
  std::int64_t count = 0;
  for (const Lobby::Lane& lane : homeless_.lanes()) {
    bool hopeful = false;
    for (std::size_t i = 0; i < loads_.size() && !hopeful; ++i)
      hopeful = router_.may_take(loads_[i], {0, -1, lane.wants}) && hope(i);
    if (!hopeful) count += static_cast<std::int64_t>(lane.queue.size());
  }
  return count;
}

void Gateway::load_changed(std::size_t replica, std::int64_t by) {
  loads_[replica].outstanding += by;
  if (staleness_ == 0) router_.changed(replica, loads_[replica]);
  if (by < 0 && !homeless_.empty() && open_ > 0) clock_.schedule(room_slot_, clock_.now());
  if (by < 0 && empty_ && loads_[replica].outstanding == 0) empty_(replica);
}

std::vector<std::uint64_t>& Gateway::names_of(const Replica& replica) {
  const int size = replica.spec().block_size;
  return std::find_if(names_.begin(), names_.end(), [&](const auto& names) { return names.first == size; })->second;
}

void Gateway::name_blocks(const ArrivingRequest& arriving) {
  for (auto& [size, names] : names_) {
    names.clear();
    if (!arriving.hash_ids.empty())
      rechain(arriving.hash_ids, source_.hash_block_size(), arriving.named_tokens, size, names);
  }
}

/// What has changed since the router last looked is news to it, if it is old enough.
std::size_t Gateway::choose(const RoutedRequest& request, double now, bool after_steps) {
  const Look look = router_.looks_at();
  // Where the steps of this instant have begun, they count.
  const double date = after_steps ? std::nextafter(now, std::numeric_limits<double>::infinity()) : now;
  const double due = staleness_ > 0 ? std::floor(now / staleness_) * staleness_ : now;
  const bool news = staleness_ == 0 || due > seen_at_;
  for (std::size_t i = 0; i < replicas_.size() && look != Look::kCounts; ++i) {
    ReplicaLoad& load = loads_[i];
    Replica& replica = *replicas_[i];
    if (news) load.used_tokens = replica.used_tokens(date);
    load.kv_tokens = replica.spec().kv_tokens();
    // What is held where is told by events, not by looking: it is never old.
    if (look == Look::kPrefixes && replica.spec().keeps_prefixes && load.serves.model == request.wants.model)
      load.held_tokens = std::min<std::int64_t>(request.input_tokens, replica.held_tokens(names_of(replica), date));
  }
  if (staleness_ == 0) return router_.pick(loads_, request);
  seen_.resize(loads_.size());
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const std::int64_t outstanding = news ? loads_[i].outstanding : seen_[i].outstanding;
    const bool changed = news && (seen_at_ < 0 || seen_[i].outstanding != outstanding);
    seen_[i] = loads_[i];
    seen_[i].outstanding = outstanding;
    if (changed) router_.changed(i, seen_[i]);
  }
  if (news) seen_at_ = due;
  return router_.pick(seen_, request);
}

std::int64_t* Gateway::reason_to_refuse(const Request& r, const AdmissionLimits& limits) {
  if (r.input_tokens < 1 || r.output_tokens < 1) return &refusals_.empty;
  const std::int64_t tokens = std::int64_t{r.input_tokens} + r.output_tokens;
  if (tokens > limits.max_model_len) return &refusals_.longer_than_context;
  if (tokens > limits.kv_tokens || r.input_tokens > limits.prompt_kv_tokens) return &refusals_.larger_than_memory;
  if (r.input_tokens - r.cached_tokens > limits.max_prompt) return &refusals_.longer_than_step;
  return nullptr;
}

void Gateway::left(std::size_t replica) { load_changed(replica, -1); }

void Gateway::finished(RequestHandle handle) {
  if (pool_[handle].decode_replica < 0) left(static_cast<std::size_t>(pool_[handle].replica));
  release(handle);
  if (left_) left_(clock_.now());
  room_again(clock_.now());
}

void Gateway::release(RequestHandle handle) {
  if (pool_[handle].admitted) admission_.left(pool_[handle]);
  pool_.release(handle);
}

/// A client has its answer, or has given up: another may send.
void Gateway::room_again(double now) {
  if (!waiting_for_room_) return tell_if_done(now);
  waiting_for_room_ = false;
  clock_.schedule(room_slot_, now);
}

void Gateway::open(std::size_t replica, bool is_open, double now) {
  if (loads_[replica].open == is_open) return;
  loads_[replica].open = is_open;
  is_open ? ++open_ : --open_;
  if (replica < seen_.size()) seen_[replica].open = is_open;
  router_.changed(replica, replica < seen_.size() ? seen_[replica] : loads_[replica]);
  if (is_open && !homeless_.empty()) clock_.schedule(room_slot_, now);
}

void Gateway::send_homeless(double now) {
  const auto has_room = [this](std::size_t i, const Serves& wants) {
    return loads_[i].open && loads_[i].outstanding < loads_[i].max_num_seqs &&
           router_.may_take(loads_[i], {0, -1, wants});
  };
  sending_homeless_ = true;
  for (Lobby::Lane& lane : homeless_.lanes()) {
    for (std::size_t i = 0; !lane.queue.empty() && i < replicas_.size();) {
      if (!has_room(i, lane.wants)) {
        ++i;
        continue;
      }
      const RequestHandle handle = homeless_.pop(lane);
      if (pool_[handle].scheduled < 0) pool_[handle].let_in = now;
      name_blocks_again(handle);
      dispatch(handle, now, true);
    }
  }
  sending_homeless_ = false;
}

/// For the block size that they were named for; for others they have no names.
void Gateway::name_blocks_again(RequestHandle handle) {
  for (auto& [size, names] : names_) names.clear();
  const std::int32_t replica = pool_[handle].replica;
  const int size = replica < 0 ? names_.empty() ? 0 : names_.front().first
                               : replicas_[static_cast<std::size_t>(replica)]->spec().block_size;
  for (auto& [other, names] : names_)
    if (other == size) names = pool_.text(handle).names;
}

void Gateway::lost(std::span<const RequestHandle> handles, bool fails, double now, bool after_steps) {
  for (const RequestHandle handle : handles) {
    Request& r = pool_[handle];
    ++r.failures;
    if (fails || r.abandoned) {
      recorder_.failed(r);
      release(handle);
      continue;
    }
    if (tells(r))
      story_->tell(now, fmt::format("its replica is lost, with {} output tokens made: sent again", r.generated));
    r.carried = r.generated;
    r.decode_replica = -1;
    r.found_tokens =
        std::max(0, std::min(r.input_tokens - 1, static_cast<std::int32_t>(cached_share_ * r.input_tokens)));
    if (r.scheduled < 0) r.let_in = now;
    name_blocks_again(handle);
    dispatch(handle, now, after_steps);
  }
  if (!fails) return;
  if (std::exchange(waiting_for_room_, false)) clock_.schedule(room_slot_, now);
  tell_if_done(now);
}

void Gateway::close() {
  for (const Lobby::Lane& lane : homeless_.lanes())
    for (const RequestHandle handle : lane.queue) recorder_.unfinished(pool_[handle]);
  for (const RequestHandle handle : paused_) recorder_.unfinished(pool_[handle]);
}

}  // namespace flotilla::sim
