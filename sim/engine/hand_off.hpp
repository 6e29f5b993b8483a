// From prefill to decode: where a prompt's KV goes once it is computed, when it may start, and what holds it up.
//
//   prefill replica ---- KV, flows on the fabric ---> decode replica
//     its memory stays held until the KV is there       memory is taken before the first byte moves
//
// Pull: the decode replica is chosen by the router's policy when the prompt is computed, and takes requests in the
// order in which they were given to it. While it has no room, they keep their memory on the prefill side, which in the
// end stops admitting (back-pressure). Push: the decode replica is chosen when the request arrives, and prefill begins
// when it has room; the KV may then move while the prompt is computed, chunk by chunk or layer by layer. Layers are
// sent as one flow, which starts so late that alone it would end with the step, but for the last layer, which goes
// afterwards. The first token travels with the last of the KV.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include "sim/engine/gateway.hpp"
#include "sim/engine/kv_overlap.hpp"
#include "sim/engine/kv_shards.hpp"
#include "sim/engine/replica.hpp"
#include "sim/engine/seat.hpp"
#include "sim/engine/transfers.hpp"
#include "sim/router/router.hpp"

namespace flotilla::sim {

/// How a replica that prefills hands KV over.
struct KvSending {
  double overhead = 0;                   ///< seconds of a hand-off before the first byte moves
  double efficiency = 1;                 ///< share of a NIC's bandwidth that one flow reaches
  bool push = false;                     ///< the decode side's memory is taken before prefill begins
  KvOverlap overlap = KvOverlap::kNone;  ///< of a push
};

/// What a flow of KV from this GPU across the fabric gets at most: the engine's connector does not fill a NIC.
topologies::RateLimit rate_limit(const topologies::Fleet& fleet, const KvSending& sending, topologies::VertexId gpu);

struct HandOffFacts {
  /// What a lone hand-off would wait for: a kind of link, or the engine's connector (the last).
  static constexpr std::size_t kLimits = std::size(topologies::kLinkKinds) + 1;

  std::int64_t count = 0;
  double bytes = 0;
  double wait_sum = 0;  ///< seconds from the end of prefill until the decode side had room
  double lone_sum = 0;  ///< seconds that the transfers would have taken with no other flow about
  SampleSet times;      ///< seconds that they took
  std::array<std::int64_t, kLimits> limited_by{};
};

class HandOff {
 public:
  /// Takes its slot here: make it after the prefill replicas and before the decode replicas.
  HandOff(const topologies::Fleet& fleet, Transfers& transfers, Router& router, Gateway& gateway, RequestPool& pool,
          Clock& clock, Recorder& recorder);

  /// `index` is the replica's in the gateway. Call in the gateway's order.
  void add_prefill(Replica& replica, Seat seat, const KvSending& sending);
  void add_decode(Replica& replica, Seat seat, const Serves& serves = {});
  void start();
  /// Whose hand-off is asked for.
  void tell(Story& story) { story_ = &story; }

  /// Takes a request that has arrived for a prefill replica that pushes, and lets it in when there is room; false where
  /// its replica does not push.
  bool takes(RequestHandle handle);

  /// A request that is prefilled where it decodes; false if nobody there is open.
  bool send_directly(RequestHandle handle, double now, bool after_steps);

  /// The gateway's replica is lost: returns what it held for others, or was to compute for them, and has not yet got.
  /// To be called before Replica::lose().
  std::vector<RequestHandle> lose_source(std::size_t source, double now);
  /// The replica that decodes is lost: what was to come to it goes to others; returns what was there.
  std::vector<RequestHandle> lose_target(std::size_t target, double now);
  /// Nobody wants this request any more. True if that is all there is to do: else the replica that prefills it has it.
  bool abandon(RequestHandle handle, double now);
  /// It takes requests from now on, or no longer.
  void open(std::size_t target, bool is_open);
  /// Called when a request that was to decode there has left it, and there are none left.
  void on_empty(std::function<void(std::size_t)> callback) { empty_ = std::move(callback); }
  [[nodiscard]] const ReplicaLoad& load(std::size_t target) const { return loads_[target]; }

  /// Prompts that wait for a replica to decode them, where none may for which `hope` holds.
  [[nodiscard]] std::int64_t stranded(const std::function<bool(std::size_t target)>& hope) const;
  /// Counts what is between the two sides as unfinished.
  void close();
  [[nodiscard]] const HandOffFacts& facts() const { return facts_; }

 private:
  struct Source {
    Replica* replica = nullptr;
    Seat seat;
    KvSending sending;
  };
  /// A hand-off that is under way.
  struct Moving {
    RequestHandle handle = kNoRequest;
    std::uint64_t ticket = 0;  ///< parts that arrive for another are of a hand-off that was given up
    int parts = 0;             ///< sent and not yet there
    bool whole = false;        ///< all parts are sent
    std::int32_t sent = 0;     ///< tokens of the prompt that are sent
    std::int32_t chunk = 0;    ///< where the latest chunk began
    double began = 0;          ///< when its last part was sent
  };
  struct Target {
    Replica* replica = nullptr;
    Seat seat;
    std::deque<RequestHandle> queue;  ///< waiting for memory here: computed prompts, or those to be pushed
    bool to_look_at = false;          ///< may have room now
  };
  /// How KV gets from one serving group's replicas to another's.
  struct Path {
    const models::Deployment* from;
    const models::Deployment* to;
    std::vector<KvShard> shards;
  };

  void on_event(double now);
  void look_at(std::size_t target);
  void choose(RequestHandle handle);
  std::size_t pick(RequestHandle handle, double now);
  [[nodiscard]] bool finds_open(RequestHandle handle) const;
  [[nodiscard]] RoutedRequest routed(RequestHandle handle) const;
  void serve(Target& target, double now);
  void prefilled(RequestHandle handle, double now);
  void chunk_begins(RequestHandle handle, std::int32_t tokens, double now, double seconds);
  void begin(RequestHandle handle, double now);
  void send(Moving& m, std::int32_t begin, std::int32_t end, double share, double delay, double now);
  void send_last(Moving& m, double share, double now);
  void fill_flows(const Request& r, double tokens);
  [[nodiscard]] double lone_time(std::size_t* limit);
  Moving* moving(RequestHandle handle);
  void part_arrived(std::uint64_t ticket, double now);
  void give_up(std::size_t moving, double now);
  [[nodiscard]] bool tells(const Request& r) const { return story_ != nullptr && story_->is_about(r); }
  void load_changed(std::size_t target, std::int64_t by);
  void finished(RequestHandle handle);
  const std::vector<KvShard>& shards(const Seat& from, const Seat& to);

  const topologies::Fleet& fleet_;
  Transfers& transfers_;
  Router& router_;
  Gateway& gateway_;
  RequestPool& pool_;
  Clock& clock_;
  Recorder& recorder_;
  int slot_;
  std::vector<Source> sources_;
  std::vector<Target> targets_;
  std::vector<ReplicaLoad> loads_;  ///< of the targets
  std::vector<Path> paths_;
  std::vector<RequestHandle> to_choose_;  ///< a target for, at this instant
  std::vector<std::size_t> to_look_at_;
  std::vector<Flow> flows_;                          ///< of the hand-off that begins
  std::unordered_map<std::size_t, double> carried_;  ///< bytes of those, by link and direction
  std::vector<Moving> moving_;
  std::uint64_t tickets_ = 0;
  Story* story_ = nullptr;
  std::size_t open_ = 0;  ///< targets
  std::function<void(std::size_t)> empty_;
  HandOffFacts facts_;
};

}  // namespace flotilla::sim
