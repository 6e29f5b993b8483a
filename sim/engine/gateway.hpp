// The door of the fleet and its clients: sends requests when they are due, holds them back at max_concurrency, asks the
// router for a replica, and refuses what no step could ever hold.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "sim/engine/admission.hpp"
#include "sim/engine/clients.hpp"
#include "sim/engine/clock.hpp"
#include "sim/engine/lobby.hpp"
#include "sim/engine/recorder.hpp"
#include "sim/engine/replica.hpp"
#include "sim/router/router.hpp"
#include "sim/workload/source.hpp"

namespace flotilla::sim {

/// Why requests were refused, in numbers.
struct Refusals {
  std::int64_t longer_than_context = 0;  ///< input + output beyond max_model_len
  std::int64_t larger_than_memory = 0;   ///< its KV would not fit into an empty replica
  std::int64_t longer_than_step = 0;     ///< the prompt exceeds max_num_batched_tokens and chunked prefill is off
  std::int64_t empty = 0;                ///< no input or no output token
  std::int64_t over_limit = 0;           ///< the gateway's limits let no more in, and the client tried no more
  std::int64_t turned_away = 0;          ///< attempts that met such a limit
};

/// What a replica can take at all.
struct AdmissionLimits {
  std::int64_t max_model_len = 0;
  std::int64_t kv_tokens = 0;         ///< of a whole request, where it ends
  std::int64_t prompt_kv_tokens = 0;  ///< of its prompt, where that is computed
  std::int64_t max_prompt = 0;
};

class Gateway {
 public:
  /// `max_concurrency` 0 = no limit. Replicas are added before the run starts; references must outlive the gateway.
  /// `stop_sending` ends the clients' sending at that date (a closed loop with a duration); infinity where the source
  /// ends.
  Gateway(RequestSource& source, Router& router, std::int64_t max_concurrency, double stop_sending, RequestPool& pool,
          Clock& clock, Recorder& recorder);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Routers see replicas as the first request after each multiple of so many seconds saw them.
  void see_late(double staleness) { staleness_ = staleness; }
  /// This share of every prompt is found in the prefix cache.
  void cache_share(double share) { cached_share_ = share; }
  void limit(const std::vector<GateLimit>& limits) { admission_ = AdmissionControl(limits); }
  /// Its clients may lose patience. They must outlive the gateway.
  void serve(Clients& clients);
  /// Asked of a request whose client is gone: true = somebody else has seen to it that it stops.
  void on_abandoned(std::function<bool(RequestHandle, double now)> stops) { stops_ = std::move(stops); }
  /// Whose decisions about one request are asked for.
  void tell(Story& story) { story_ = &story; }
  /// What all who belong to no tenant were promised, in seconds.
  void promise_first_token(double seconds) { ttft_promise_ = seconds; }
  /// What the requests of each tenant ask for; all others for `others`.
  void tell_tenants(std::vector<Serves> tenants, const Serves& others);
  void add_replica(Replica& replica, const AdmissionLimits& limits, const Serves& serves = {});
  void start();
  /// Asked of each request that is sent, once its replica is chosen: true = somebody else lets it in there.
  void divert(std::function<bool(RequestHandle)> takes) { diverts_ = std::move(takes); }
  /// Asked of each request before a replica is chosen: true = somebody else serves it.
  void shortcut(std::function<bool(RequestHandle, double now, bool after_steps)> takes) {
    shortcut_ = std::move(takes);
  }
  /// A request that was sent to this replica is no longer its business: its KV has moved on.
  void left(std::size_t replica);
  /// A request has ended, wherever it was.
  void finished(RequestHandle handle);

  [[nodiscard]] const Refusals& refusals() const { return refusals_; }

  /// The replica takes requests from now on, or no longer. What found none open waits here, first come, first sent, and
  /// goes to replicas that have fewer than they run at once: the first that opens must not get all of it.
  void open(std::size_t replica, bool is_open, double now);
  /// Requests that were lost with their replica are sent again: what they had been given is computed anew. Where
  /// `fails`, their clients get an error instead. Each has left the loads of replicas it was counted in.
  void lost(std::span<const RequestHandle> handles, bool fails, double now, bool after_steps);
  /// Called when a request that was sent to this replica has left it, and there are none left.
  void on_empty(std::function<void(std::size_t)> callback) { empty_ = std::move(callback); }
  /// Called when there is nothing left to send or to wait for.
  void on_done(std::function<void()> callback) { done_ = std::move(callback); }
  /// Called whenever a request has ended.
  void on_left(std::function<void(double now)> callback) { left_ = std::move(callback); }
  [[nodiscard]] const ReplicaLoad& load(std::size_t replica) const { return loads_[replica]; }
  /// Requests that wait for a replica to open, and could go to this one.
  [[nodiscard]] std::size_t homeless(std::size_t replica) const;
  /// Of those, the ones that no replica may take for which `hope` holds.
  [[nodiscard]] std::int64_t stranded(const std::function<bool(std::size_t replica)>& hope) const;
  /// Nothing is left to send, or nothing can be before a request ends.
  [[nodiscard]] bool sends_no_more() const { return !has_next_ || full() || clock_.now() >= stop_sending_; }
  /// Counts those as unfinished.
  void close();

 private:
  void let_in(RequestHandle handle, double now, bool after_steps);
  void turn_away(RequestHandle handle, double now);
  void client_event(RequestHandle handle, ClientEvent event, double now);
  void try_again(RequestHandle handle, double date);
  [[nodiscard]] RequestHandle copy_for_retry(RequestHandle handle);
  void abandon(RequestHandle handle, double now);
  void release(RequestHandle handle);
  void room_again(double now);
  [[nodiscard]] bool tells(const Request& r) const { return story_ != nullptr && story_->is_about(r); }
  void tell_choice(const Request& r, std::size_t choice, double now);
  void dispatch(RequestHandle handle, double now, bool after_steps);
  [[nodiscard]] bool finds_open(const RoutedRequest& request) const;
  void send_homeless(double now);
  void name_blocks_again(RequestHandle handle);
  void tell_if_done(double now);
  void send_due(double now, bool after_steps);
  void send(const ArrivingRequest& arriving, double now, bool after_steps);
  std::size_t choose(const RoutedRequest& request, double now, bool after_steps);
  void name_blocks(const ArrivingRequest& arriving);
  std::vector<std::uint64_t>& names_of(const Replica& replica);
  void load_changed(std::size_t replica, std::int64_t by);
  [[nodiscard]] bool full() const { return max_concurrency_ > 0 && recorder_.in_flight >= max_concurrency_; }
  [[nodiscard]] std::int64_t* reason_to_refuse(const Request& r, const AdmissionLimits& limits);

  RequestSource& source_;
  Router& router_;
  std::int64_t max_concurrency_;
  double stop_sending_;
  double cached_share_ = 0;
  AdmissionControl admission_{std::vector<GateLimit>()};
  double ttft_promise_ = std::numeric_limits<double>::infinity();
  Clients* clients_ = nullptr;
  Story* story_ = nullptr;
  std::function<bool(RequestHandle, double)> stops_;
  RequestPool& pool_;
  Clock& clock_;
  Recorder& recorder_;
  int slot_;            ///< arrivals that are due: before the steps of their instant
  int room_slot_ = -1;  ///< arrivals that waited for another request to end: after the steps of its instant
  std::vector<Replica*> replicas_;
  std::vector<AdmissionLimits> limits_;
  std::vector<ReplicaLoad> loads_;
  std::vector<ReplicaLoad> seen_;  ///< by the router, where it sees late
  double staleness_ = 0;
  double seen_at_ = -1;
  /// Names of the blocks of the request that is being sent, for each block size among the replicas that keep prefixes.
  std::vector<std::pair<int, std::vector<std::uint64_t>>> names_;
  ArrivingRequest next_;
  bool has_next_ = false;
  bool waiting_for_room_ = false;
  std::function<bool(RequestHandle)> diverts_;
  std::function<bool(RequestHandle, double, bool)> shortcut_;
  std::size_t open_ = 0;
  Lobby homeless_;
  std::vector<Serves> tenants_;        ///< what each asks for
  Serves others_;                      ///< what all else does
  std::vector<RequestHandle> paused_;  ///< their clients will try again
  bool sending_homeless_ = false;
  std::function<void(std::size_t)> empty_;
  std::function<void()> done_;
  std::function<void(double)> left_;
  Refusals refusals_;
};

}  // namespace flotilla::sim
