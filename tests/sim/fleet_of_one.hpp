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

/// Once per process.
class ListedRun {
 public:
  ListedRun(const Setup& setup, std::vector<Arrival> arrivals)
      : setup_(setup),
        source_(std::move(arrivals), setup.block_size),
        router_(make_router(setup.router, 1)),
        gateway_(source_, *router_, setup.max_concurrency, std::numeric_limits<double>::infinity(), pool_, clock_,
                 recorder_),
        times_(setup.other_times ? setup.other_times : std::make_shared<LinearTimes>(setup.times)) {
    recorder_.on_request([this](const Request& r, RequestStatus status) {
      outcome_.order.push_back(r.id);
      if (status == RequestStatus::kCompleted) outcome_.requests[r.id] = r;
    });
    gateway_.cache_share(setup.cached_share);
    gateway_.limit(setup.gate);
    if (setup.clients.matter()) gateway_.serve(clients_.emplace(setup.clients, 1, pool_, clock_));
  }
  ListedRun(const ListedRun&) = delete;
  ListedRun& operator=(const ListedRun&) = delete;

  Outcome to_the_end() {
    open_hosts();
    add_replicas();
    if (hosts_) hosts_->transfers().start();
    gateway_.start();
    plan_outages();
    gateway_.on_done([this] { agenda_.close(); });
    clock_.run();
    gateway_.close();
    for (const auto& replica : replicas_) {
      replica->close();
      add_books(replica->books());
    }
    if (split_) {
      split_->hand_off().close();
      outcome_.hand_off = split_->hand_off().facts();
      outcome_.links = split_->transfers().link_facts();
    }
    count();
    return std::move(outcome_);
  }

 private:
  [[nodiscard]] bool apart() const { return setup_.decode_replicas > 0; }

  void open_hosts() {
    if ((setup_.host_blocks == 0 && setup_.offload_blocks == 0) || apart()) return;
    hosts_ = std::make_unique<SplitFleet>(setup_.replicas, setup_.tensor_parallel_size, setup_.sending);
    hosts_->begin(clock_);
  }

  void give_host(ReplicaSpec& spec) {
    host_memories_.push_back(std::make_unique<HostMemory>(hosts_->fleet(), hosts_->transfers(),
                                                          hosts_->seat(static_cast<int>(replicas_.size()))));
    spec.host = host_memories_.back().get();
    spec.host_blocks = setup_.host_blocks;
    if (setup_.offload_blocks == 0 || !spec.keeps_prefixes) return;
    spec.tiers.host = std::make_unique<KvTier>(setup_.offload_blocks);
    spec.tiers.mover = spec.host;
  }

  Replica& add(bool prefills_only, std::int64_t blocks) {
    ReplicaSpec spec;
    for (const auto& [from, gpu] : setup_.caps)
      spec.power.push_back({from, std::make_shared<models::CappedSteps>(times_, gpu), gpu.watts});
    spec.cost = spec.power.empty() ? times_ : spec.power.front().cost;
    spec.scheduler = make_scheduler(setup_.scheduler, setup_.limits);
    spec.kv_blocks = blocks;
    spec.block_size = setup_.block_size;
    spec.max_num_seqs = setup_.limits.max_num_seqs;
    spec.async_scheduling = setup_.limits.async_scheduling;
    spec.keeps_prefixes = setup_.keeps_prefixes && (prefills_only || !apart());
    spec.eviction = setup_.eviction;
    spec.queue_order = setup_.queue_order;
    spec.queue_order_options = {setup_.prediction_error, 1};
    if (hosts_ != nullptr) give_host(spec);
    spec.prefills_only = prefills_only;
    spec.window = setup_.window;
    spec.layout = setup_.layout;
    spec.frontend = setup_.frontend;
    spec.step_by_step = setup_.step_by_step;
    spec.pen = {setup_.timeline, apart() && !prefills_only ? std::size_t{1} : 0, 1};
    replicas_.push_back(std::make_unique<Replica>(std::move(spec), pool_, clock_, recorder_));
    return *replicas_.back();
  }

  void add_replicas() {
    const std::int64_t smallest = apart() ? setup_.decode_kv_blocks : setup_.kv_blocks;
    for (int i = 0; i < setup_.replicas; ++i) {
      gateway_.add_replica(add(apart(), setup_.kv_blocks),
                           {1 << 20, setup_.layout.longest(smallest) * setup_.block_size,
                            setup_.layout.longest(setup_.kv_blocks) * setup_.block_size, 1 << 20});
    }
    if (!apart()) return;
    split_ = std::make_unique<SplitFleet>(setup_.replicas + setup_.decode_replicas, setup_.tensor_parallel_size,
                                          setup_.sending);
    split_->connect(gateway_, pool_, clock_, recorder_, setup_.router);
    for (int i = 0; i < setup_.replicas; ++i) split_->add_prefill(*replicas_[static_cast<std::size_t>(i)], i);
    for (int i = 0; i < setup_.decode_replicas; ++i)
      split_->hand_off().add_decode(add(false, setup_.decode_kv_blocks), split_->seat(setup_.replicas + i));
    split_->hand_off().start();
    split_->transfers().start();
  }

  void door(int replica, bool is_open, double now) {
    if (replica < setup_.replicas) return gateway_.open(static_cast<std::size_t>(replica), is_open, now);
    split_->hand_off().open(static_cast<std::size_t>(replica - setup_.replicas), is_open);
  }

  std::vector<RequestHandle> lose(int replica, double now) {
    if (replica >= setup_.replicas)
      return split_->hand_off().lose_target(static_cast<std::size_t>(replica - setup_.replicas), now);
    std::vector<RequestHandle> lost;
    if (split_) lost = split_->hand_off().lose_source(static_cast<std::size_t>(replica), now);
    for (const RequestHandle handle : replicas_[static_cast<std::size_t>(replica)]->lose(now)) lost.push_back(handle);
    for (std::size_t i = 0; i < lost.size(); ++i) gateway_.left(static_cast<std::size_t>(replica));
    return lost;
  }

  void plan_outages() {
    for (const Outage& outage : setup_.outages) {
      agenda_.at(outage.from, [this, outage](double now) {
        door(outage.replica, false, now);
        gateway_.lost(lose(outage.replica, now), setup_.lost_requests_fail, now, false);
      });
      agenda_.at(outage.to, [this, outage](double now) {
        replicas_[static_cast<std::size_t>(outage.replica)]->restart();
        door(outage.replica, true, now);
      });
    }
  }

  void add_books(const ReplicaBooks& books) {
    ReplicaBooks& sum = outcome_.books;
    sum.steps += books.steps;
    sum.mixed_steps += books.mixed_steps;
    sum.preemptions += books.preemptions;
    sum.swaps += books.swaps;
    sum.stored_tokens += books.stored_tokens;
    sum.fetched_from_host += books.fetched_from_host;
    sum.output_tokens += books.output_tokens;
    sum.prefill_tokens += books.prefill_tokens;
    sum.kv_block_seconds += books.kv_block_seconds;
    sum.kv_peak_blocks += books.kv_peak_blocks;
    sum.busy += books.busy;
    sum.joules_above_idle += books.joules_above_idle;
    sum.peak_above_idle += books.peak_above_idle;
  }

  void count() {
    outcome_.sent = recorder_.injected;
    outcome_.rejected = recorder_.rejected_count;
    outcome_.completed = recorder_.completed;
    outcome_.failed = recorder_.failed_count;
    outcome_.unfinished = recorder_.unfinished_count;
    outcome_.timed_out = recorder_.timed_out_count;
    outcome_.cancelled = recorder_.cancelled_count;
    outcome_.retries = clients_ ? clients_->retries() : 0;
    outcome_.peak_tokens_per_second = recorder_.peak_tokens_per_second();
    outcome_.itl_median = recorder_.itl().quantile(0.5);
    outcome_.itl_longest = recorder_.itl().quantile(1);
    outcome_.itl_count = recorder_.itl().count();
  }

  const Setup& setup_;
  Clock clock_;
  RequestPool pool_;
  Recorder recorder_{{}, 0};
  Outcome outcome_;
  ListSource source_;
  std::unique_ptr<Router> router_;
  Gateway gateway_;
  std::optional<Clients> clients_;
  Agenda agenda_{clock_};
  std::shared_ptr<models::StepTimes> times_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::unique_ptr<SplitFleet> hosts_;
  std::vector<std::unique_ptr<HostMemory>> host_memories_;
  std::unique_ptr<SplitFleet> split_;
};

/// Runs to the end. Once per process.
inline Outcome simulate_list(const Setup& setup, std::vector<Arrival> arrivals) {
  return ListedRun(setup, std::move(arrivals)).to_the_end();
}

}  // namespace flotilla::sim
