// A replica with step times one can work out by hand, fed with a handful of requests.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/engine/gateway.hpp"
#include "sim/life/agenda.hpp"
#include "tests/sim/split_fleet.hpp"

namespace flotilla::sim {

/// A decode step of n sequences over K KV tokens, W of them in windowed layers, takes `base` + `per_sequence` * n +
/// `per_kv_token` * K + `per_window_token` * W seconds; a step with prefill the same, `per_prompt_token` for each
/// prompt token and `per_window_pair` for each query-key pair of windowed layers.
class LinearTimes final : public models::StepTimes {
 public:
  double base = 1;
  double per_sequence = 0;
  double per_kv_token = 0;
  double per_window_token = 0;
  double per_prompt_token = 0;
  double per_window_pair = 0;
  double valid_until = std::numeric_limits<double>::infinity();

  const models::DecodeCost& decode(int sequences) override {
    models::DecodeCost& cost = costs_[sequences];
    cost.base = base + per_sequence * sequences;
    cost.slope = per_kv_token;
    cost.window_slope = per_window_token;
    cost.valid_until = valid_until;
    cost.base_by_cause.memory = cost.base;
    cost.slope_by_cause.memory = cost.slope;
    cost.window_slope_by_cause.memory = cost.window_slope;
    return cost;
  }
  models::CauseTimes mixed(const models::MixedBatch& batch) override {
    models::CauseTimes times;
    times.memory = base + per_sequence * batch.decode_seqs +
                   per_kv_token * static_cast<double>(batch.decode_kv_tokens) +
                   per_window_token * static_cast<double>(batch.decode_window_tokens);
    times.compute =
        per_prompt_token * static_cast<double>(batch.prefill_tokens) + per_window_pair * batch.prefill_window_pairs;
    return times;
  }

 private:
  std::map<int, models::DecodeCost> costs_;
};

struct Arrival {
  double at;
  std::int32_t input;
  std::int32_t output;
  std::vector<std::uint64_t> names = {};  ///< of the text's blocks of Setup::block_size tokens
  std::int64_t tenant = -1;
  std::int32_t priority = 0;
  double ttft_promise = std::numeric_limits<double>::infinity();
};

class ListSource final : public RequestSource {
 public:
  ListSource(std::vector<Arrival> arrivals, int block_size) : arrivals_(std::move(arrivals)), block_size_(block_size) {}
  [[nodiscard]] std::int64_t hash_block_size() const override { return block_size_; }
  bool next(ArrivingRequest& request) override {
    if (next_ == arrivals_.size()) return false;
    const Arrival& a = arrivals_[next_];
    request.id = static_cast<std::int64_t>(next_++);
    request.arrival = a.at;
    request.input_tokens = a.input;
    request.output_tokens = a.output;
    request.hash_ids = a.names;
    request.tenant = a.tenant;
    request.priority = a.priority;
    request.ttft_promise = a.ttft_promise;
    request.named_tokens = static_cast<std::int64_t>(a.names.size()) * block_size_;
    return true;
  }

 private:
  std::vector<Arrival> arrivals_;
  int block_size_;
  std::size_t next_ = 0;
};

/// A replica that is lost at one time and back, with empty memory, at another.
struct Outage {
  int replica;  ///< those that decode come after the others
  double from;
  double to;
};

struct Setup {
  std::string scheduler = "vllm_v1";
  std::string queue_order = "fcfs";
  double prediction_error = 0;
  std::string router = "round_robin";
  SchedulerLimits limits;
  std::int64_t kv_blocks = 1000;
  int block_size = 16;
  models::AttentionWindow window;
  models::KvLayout layout;
  models::FrontendCost frontend;
  int replicas = 1;
  std::int64_t max_concurrency = 0;
  double cached_share = 0;
  bool keeps_prefixes = false;
  bool step_by_step = false;
  LinearTimes times;
  std::shared_ptr<models::StepTimes> other_times = nullptr;  ///< instead of `times`
  /// From each date on, the GPU of a replica runs like this; empty: it draws nothing.
  std::vector<std::pair<double, models::CappedGpu>> caps = {};
  Timeline* timeline = nullptr;  ///< pool 0, and 1 for replicas that only decode

  int decode_replicas = 0;  ///< > 0: the others only prefill
  std::int64_t decode_kv_blocks = 1000;
  int tensor_parallel_size = 1;
  KvSending sending;
  std::int64_t host_blocks = 0;     ///< > 0: KV of who is preempted may go to host memory, on an HGX H100
  std::int64_t offload_blocks = 0;  ///< > 0: so many blocks are kept in its host's memory, to be found again
  PrefixCache::Eviction eviction = PrefixCache::Eviction::kLeastRecentlyUsed;
  ClientHabits clients;
  std::vector<GateLimit> gate;
  std::vector<Outage> outages;
  bool lost_requests_fail = false;
};

struct Outcome {
  std::map<std::int64_t, Request> requests;  ///< completed, by id
  std::vector<std::int64_t> order;           ///< ids in the order of leaving
  ReplicaBooks books;                        ///< summed over replicas
  std::int64_t sent = 0;
  std::int64_t rejected = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t unfinished = 0;
  std::int64_t timed_out = 0;
  std::int64_t cancelled = 0;
  std::int64_t retries = 0;
  std::int64_t peak_tokens_per_second = 0;
  double itl_median = 0;
  double itl_longest = 0;
  std::int64_t itl_count = 0;
  HandOffFacts hand_off;
  std::vector<LinkFacts> links;
};

/// Runs to the end. Once per process.
inline Outcome simulate_list(const Setup& setup, std::vector<Arrival> arrivals) {
  Clock clock;
  RequestPool pool;
  Recorder recorder({}, 0);
  Outcome outcome;
  recorder.on_request([&](const Request& r, RequestStatus status) {
    outcome.order.push_back(r.id);
    if (status == RequestStatus::kCompleted) outcome.requests[r.id] = r;
  });
  ListSource source(std::move(arrivals), setup.block_size);
  const auto router = make_router(setup.router, 1);
  Gateway gateway(source, *router, setup.max_concurrency, std::numeric_limits<double>::infinity(), pool, clock,
                  recorder);
  gateway.cache_share(setup.cached_share);
  gateway.limit(setup.gate);
  std::optional<Clients> clients;
  if (setup.clients.matter()) gateway.serve(clients.emplace(setup.clients, 1, pool, clock));
  Agenda agenda(clock);
  std::shared_ptr<models::StepTimes> times = setup.other_times;
  if (!times) times = std::make_shared<LinearTimes>(setup.times);
  std::vector<std::unique_ptr<Replica>> replicas;
  std::unique_ptr<SplitFleet> hosts;
  std::vector<std::unique_ptr<HostMemory>> host_memories;
  if ((setup.host_blocks > 0 || setup.offload_blocks > 0) && setup.decode_replicas == 0) {
    hosts = std::make_unique<SplitFleet>(setup.replicas, setup.tensor_parallel_size, setup.sending);
    hosts->begin(clock);
  }
  const auto add = [&](bool prefills_only, std::int64_t blocks) -> Replica& {
    ReplicaSpec spec;
    for (const auto& [from, gpu] : setup.caps)
      spec.power.push_back({from, std::make_shared<models::CappedSteps>(times, gpu), gpu.watts});
    spec.cost = spec.power.empty() ? times : spec.power.front().cost;
    spec.scheduler = make_scheduler(setup.scheduler, setup.limits);
    spec.kv_blocks = blocks;
    spec.block_size = setup.block_size;
    spec.max_num_seqs = setup.limits.max_num_seqs;
    spec.async_scheduling = setup.limits.async_scheduling;
    spec.keeps_prefixes = setup.keeps_prefixes && (prefills_only || setup.decode_replicas == 0);
    spec.eviction = setup.eviction;
    spec.queue_order = setup.queue_order;
    spec.queue_order_options = {setup.prediction_error, 1};
    if (hosts != nullptr) {
      host_memories.push_back(std::make_unique<HostMemory>(hosts->fleet(), hosts->transfers(),
                                                           hosts->seat(static_cast<int>(replicas.size()))));
      spec.host = host_memories.back().get();
      spec.host_blocks = setup.host_blocks;
      if (setup.offload_blocks > 0 && spec.keeps_prefixes) {
        spec.tiers.host = std::make_unique<KvTier>(setup.offload_blocks);
        spec.tiers.mover = spec.host;
      }
    }
    spec.prefills_only = prefills_only;
    spec.window = setup.window;
    spec.layout = setup.layout;
    spec.frontend = setup.frontend;
    spec.step_by_step = setup.step_by_step;
    spec.pen = {setup.timeline, setup.decode_replicas > 0 && !prefills_only ? std::size_t{1} : 0, 1};
    replicas.push_back(std::make_unique<Replica>(std::move(spec), pool, clock, recorder));
    return *replicas.back();
  };
  std::unique_ptr<SplitFleet> split;
  const bool apart = setup.decode_replicas > 0;
  const std::int64_t smallest = apart ? setup.decode_kv_blocks : setup.kv_blocks;
  for (int i = 0; i < setup.replicas; ++i) {
    gateway.add_replica(add(apart, setup.kv_blocks),
                        {1 << 20, setup.layout.longest(smallest) * setup.block_size,
                         setup.layout.longest(setup.kv_blocks) * setup.block_size, 1 << 20});
  }
  if (apart) {
    split =
        std::make_unique<SplitFleet>(setup.replicas + setup.decode_replicas, setup.tensor_parallel_size, setup.sending);
    split->connect(gateway, pool, clock, recorder, setup.router);
    for (int i = 0; i < setup.replicas; ++i) split->add_prefill(*replicas[static_cast<std::size_t>(i)], i);
    for (int i = 0; i < setup.decode_replicas; ++i)
      split->hand_off().add_decode(add(false, setup.decode_kv_blocks), split->seat(setup.replicas + i));
    split->hand_off().start();
    split->transfers().start();
  }
  if (hosts) hosts->transfers().start();
  gateway.start();
  const auto door = [&](int replica, bool is_open, double now) {
    if (replica < setup.replicas) return gateway.open(static_cast<std::size_t>(replica), is_open, now);
    split->hand_off().open(static_cast<std::size_t>(replica - setup.replicas), is_open);
  };
  const auto lose = [&](int replica, double now) {
    if (replica >= setup.replicas)
      return split->hand_off().lose_target(static_cast<std::size_t>(replica - setup.replicas), now);
    std::vector<RequestHandle> lost;
    if (split) lost = split->hand_off().lose_source(static_cast<std::size_t>(replica), now);
    for (const RequestHandle handle : replicas[static_cast<std::size_t>(replica)]->lose(now)) lost.push_back(handle);
    for (std::size_t i = 0; i < lost.size(); ++i) gateway.left(static_cast<std::size_t>(replica));
    return lost;
  };
  for (const Outage& outage : setup.outages) {
    agenda.at(outage.from, [&, outage](double now) {
      door(outage.replica, false, now);
      gateway.lost(lose(outage.replica, now), setup.lost_requests_fail, now, false);
    });
    agenda.at(outage.to, [&, outage](double now) {
      replicas[static_cast<std::size_t>(outage.replica)]->restart();
      door(outage.replica, true, now);
    });
  }
  gateway.on_done([&] { agenda.close(); });
  clock.run();
  gateway.close();
  for (const auto& replica : replicas) {
    replica->close();
    outcome.books.steps += replica->books().steps;
    outcome.books.mixed_steps += replica->books().mixed_steps;
    outcome.books.preemptions += replica->books().preemptions;
    outcome.books.swaps += replica->books().swaps;
    outcome.books.stored_tokens += replica->books().stored_tokens;
    outcome.books.fetched_from_host += replica->books().fetched_from_host;
    outcome.books.output_tokens += replica->books().output_tokens;
    outcome.books.prefill_tokens += replica->books().prefill_tokens;
    outcome.books.kv_block_seconds += replica->books().kv_block_seconds;
    outcome.books.kv_peak_blocks += replica->books().kv_peak_blocks;
    outcome.books.busy += replica->books().busy;
    outcome.books.joules_above_idle += replica->books().joules_above_idle;
    outcome.books.peak_above_idle += replica->books().peak_above_idle;
  }
  if (split) {
    split->hand_off().close();
    outcome.hand_off = split->hand_off().facts();
    outcome.links = split->transfers().link_facts();
  }
  outcome.sent = recorder.injected;
  outcome.rejected = recorder.rejected_count;
  outcome.completed = recorder.completed;
  outcome.failed = recorder.failed_count;
  outcome.unfinished = recorder.unfinished_count;
  outcome.timed_out = recorder.timed_out_count;
  outcome.cancelled = recorder.cancelled_count;
  outcome.retries = clients ? clients->retries() : 0;
  outcome.peak_tokens_per_second = recorder.peak_tokens_per_second();
  outcome.itl_median = recorder.itl().quantile(0.5);
  outcome.itl_longest = recorder.itl().quantile(1);
  outcome.itl_count = recorder.itl().count();
  return outcome;
}

}  // namespace flotilla::sim
