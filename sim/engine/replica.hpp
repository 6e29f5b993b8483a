// One instance of a model on its GPUs: takes requests, plans step after step by its scheduler policy, and keeps its
// books. It jumps over decode steps that change nothing; `step_by_step` walks through them, with the same results to
// the bit.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>

#include "models/calibration.hpp"
#include "models/gpu_power.hpp"
#include "models/step_cost.hpp"
#include "sim/engine/batch.hpp"
#include "sim/engine/clock.hpp"
#include "sim/engine/collectives.hpp"
#include "sim/engine/kv_tier.hpp"
#include "sim/engine/recorder.hpp"
#include "sim/engine/step_listener.hpp"
#include "sim/engine/story.hpp"
#include "sim/engine/stretch.hpp"
#include "sim/engine/timeline.hpp"
#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {

/// How the GPUs of a replica run from a date on: how long steps take, and what they draw.
struct PowerState {
  double from = 0;  ///< s; holds for the steps that begin then or later
  std::shared_ptr<models::StepTimes> cost;
  models::GpuWatts watts;
};

struct ReplicaSpec {
  std::shared_ptr<models::StepTimes>
      cost;                       ///< shared by the replicas of a group: its memory of step times serves them all
  std::vector<PowerState> power;  ///< in order; the first is `cost` from the beginning. Empty: nothing is drawn
  std::unique_ptr<Scheduler> scheduler;
  std::string queue_order = "fcfs";
  QueueOrderOptions queue_order_options;
  std::int64_t kv_blocks = 0;
  int block_size = 16;
  models::AttentionWindow window;  ///< of the model's windowed layers
  models::KvLayout layout;         ///< of blocks over groups of layers
  /// Of sequences no longer than a window.
  [[nodiscard]] std::int64_t kv_tokens() const { return kv_blocks / layout.groups() * block_size; }
  int max_num_seqs = 1024;         ///< sequences that run at once, as the scheduler has it
  bool keeps_prefixes = false;     ///< named blocks are found again
  PrefixCache::Eviction eviction = PrefixCache::Eviction::kLeastRecentlyUsed;
  KvTiers tiers;                    ///< that keep them beside GPU memory
  bool async_scheduling = false;    ///< steps are planned ahead: see SchedulerLimits
  bool prefills_only = false;       ///< it passes requests on once their prompt is computed
  models::Speculation speculation;  ///< whose acceptance may differ between requests
  std::uint64_t speculation_seed = 0;
  models::FrontendCost frontend;  ///< before the engine's loop sees a request, and on its first token's way back
  int gpus = 1;
  int serving_group = 0;  ///< index into the scenario's serving groups
  bool step_by_step = false;
  TimelinePen pen;
  StepListener* listener = nullptr;  ///< nullptr: nobody watches
  /// Sends the collectives of its steps, which then go one by one; nullptr: they are part of the step's time alone.
  Collectives* collectives = nullptr;
  Story* story = nullptr;        ///< of a request, which may come here; nullptr: nobody asks
  HostMemory* host = nullptr;    ///< for KV of who is preempted; nullptr: there is none
  std::int64_t host_blocks = 0;  ///< that it has room for
  int number = 0;                ///< as the listener knows it
};

/// What a replica did, over the whole run. Times in seconds.
struct ReplicaBooks {
  models::CauseTimes busy;
  std::int64_t steps = 0;
  std::int64_t mixed_steps = 0;  ///< those with prefill in them
  std::int64_t preemptions = 0;
  std::int64_t swaps = 0;  ///< of those, to host memory
  std::int64_t output_tokens = 0;
  std::int64_t stored_tokens = 0;  ///< whose KV went to a tier beside GPU memory
  std::int64_t fetched_from_host = 0;
  std::int64_t fetched_from_remote = 0;  ///< tokens whose KV came from such a tier
  std::int64_t prefill_tokens = 0;       ///< computed, recomputation after preemption included
  double kv_block_seconds = 0;           ///< integral of blocks in use over busy time
  std::int64_t kv_peak_blocks = 0;
  double joules_above_idle = 0;  ///< of its GPUs
  double peak_above_idle = 0;    ///< W of its GPUs, in the steps that drew most
  std::int64_t requests = 0;
};

class Replica {
 public:
  using Finished = std::function<void(RequestHandle)>;

  Replica(ReplicaSpec spec, RequestPool& pool, Clock& clock, Recorder& recorder);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  /// Called for each request that ends, after the recorder has seen it; the handle is still valid during the call.
  void on_finished(Finished callback) { finished_ = std::move(callback); }
  /// Called for each prompt that is computed where the replica only prefills and there is more to make: its memory
  /// stays held until release_held().
  void on_prefilled(Finished callback) { prefilled_ = std::move(callback); }
  /// Called when a step begins with a chunk of so many tokens of a prompt, of the length of the step in seconds.
  using ChunkBegins = std::function<void(RequestHandle, std::int32_t tokens, double seconds)>;
  void on_chunk(ChunkBegins callback) { chunk_ = std::move(callback); }
  /// Called after a step has begun before which memory may have become free.
  void on_room(std::function<void()> callback) { room_ = std::move(callback); }
  /// The KV of a request that was prefilled here has arrived where it decodes.
  void release_held(RequestHandle handle, double now);

  /// Is there memory for a request whose KV is to come from another replica? None is given while others wait for it.
  [[nodiscard]] bool has_room_for(RequestHandle handle, double now) const;
  /// Takes that memory.
  void expect(RequestHandle handle, double now);
  /// Its KV is here, and its first token with it.
  void receive(RequestHandle handle, double now);

  /// A request arrives now. Once the frontend has passed it on, the next step that begins may take it: one that begins
  /// at this very instant, too, unless the steps of this instant have begun already (`after_steps`, of a request sent
  /// without delay).
  void enqueue(RequestHandle handle, double now, bool after_steps);

  /// How many tokens from the front of a text the prefix cache holds now, by the names of its blocks.
  [[nodiscard]] std::int64_t held_tokens(PrefixCache::Names names, double now);
  /// Room for tokens that sequences take of its KV memory now.
  [[nodiscard]] std::int64_t used_tokens(double now) const {
    return batch_.kv().tokens_in(batch_.kv().used() + blocks_of_jump(now));
  }

  /// Nobody wants a request any more that was sent here: it leaves at the end of the step under way, and what it had is
  /// free. Where its KV is on its way to another replica, it leaves when that has arrived.
  void abandon(RequestHandle handle, double now);

  /// It is lost at this instant, with the step that is under way and all KV: returns the requests that were here, as
  /// they are to be sent elsewhere, in the order of admission and arrival. Those whose KV is held for another replica,
  /// or on its way here, are not among them: see release_held() and expect_no_more().
  std::vector<RequestHandle> lose(double now);
  /// KV that was to come here will not.
  void expect_no_more(RequestHandle handle, double now);
  /// It starts anew, with empty memory.
  void restart() { batch_.forget_prefixes(); }
  /// Requests that no step has taken yet.
  [[nodiscard]] std::int64_t waiting() const {
    return static_cast<std::int64_t>(batch_.waiting().size() + in_frontend_.size());
  }

  /// Closes the books at the end of the run; requests still here are recorded as unfinished.
  void close();
  [[nodiscard]] const ReplicaBooks& books() const { return books_; }
  [[nodiscard]] const ReplicaSpec& spec() const { return spec_; }
  [[nodiscard]] std::int64_t outstanding() const {
    return batch_.running() + static_cast<std::int64_t>(batch_.waiting().size() + batch_.swapped().size()) +
           batch_.expected() + static_cast<std::int64_t>(fetching_.size());
  }

 private:
  void take(RequestHandle handle, double now, bool after_steps);
  [[nodiscard]] std::int32_t steps_of(const Request& r) const;
  void pass_on(double now);
  void on_event(double now);
  void complete_steps(double now);
  void complete_prefills(double now);
  void token_made(RequestHandle handle, double now);
  void pass_to_decode(RequestHandle handle, double now);
  void join_received();
  void end_jump_by(double date);
  void retire_finished(double now);
  void retire(RequestHandle handle, double now);
  [[nodiscard]] double plan_is_made(double now) const;
  void begin_step(double now, double made_at);
  void begin_planned_step(double now);
  void move_swapped(double now);
  void store_in_tiers(RequestHandle handle, double now);
  void fetch_from_tiers(double now);
  bool fetch_first(double now);
  void fetched(std::size_t fetch, double now);
  void drop_abandoned(double now);
  void wake(double now);
  void leave_unwanted(RequestHandle handle, double now);
  void begin_mixed_step(double now);
  void begin_decode_step(double now);
  void schedule_stretch_end();
  void send_collectives(double now, double seconds, double communication, const models::MixedBatch& batch);
  void add_network_wait(double now);
  void close_stretch();
  double settle(double now);
  void settle_stretch(double now, double* last);
  void enter_power_state(double now);
  /// Adds what its GPUs drew in this time, and returns it in W.
  double add_energy(const models::CauseTimes& times, double seconds);
  void tell_levels(double now) const;
  // The story of one request.
  void tell_arrival(RequestHandle handle, double now);
  void tell_plan(double now);
  void tell_step(double now, const models::CauseTimes& times);
  void tell_end(const Request& r, double now);
  [[nodiscard]] std::string why_it_waits() const;
  void tell_mixed_step(double end, const models::CauseTimes& times) const;
  void hold_decoding(double since);
  void trim_held();
  void release_held(double now);
  [[nodiscard]] std::int64_t blocks_of_jump(double now) const;

  ReplicaSpec spec_;
  RequestPool& pool_;
  Clock& clock_;
  Recorder& recorder_;
  Finished finished_;
  Finished prefilled_;
  ChunkBegins chunk_;
  std::function<void()> room_;
  bool made_room_ = false;
  Batch batch_;
  StepPlanner planner_;
  int frontend_slot_;  ///< before slot_: a step sees what is passed on at its very beginning. -1 where nothing is
                       ///< delayed
  int slot_;

  enum class State { kIdle, kMoving, kMixedStep, kStretch } state_ = State::kIdle;
  Stretch stretch_;
  std::int64_t target_steps_ = 0;  ///< of the stretch, at the pending event
  std::int64_t mixed_decodes_ = 0;
  /// Decoding sequences that were passed over by steps of prefill alone: how many, and when they made their latest
  /// token.
  struct Held {
    double since;
    std::int64_t sequences;
  };
  std::vector<Held> held_;
  std::int64_t held_sequences_ = 0;
  double step_began_ = 0;
  double undisturbed_end_ = 0;      ///< of the step whose collectives are flows, if they need not share links
  models::CauseTimes mixed_times_;  ///< of the step under way, if it has prefill in it
  std::uint64_t lives_ = 0;         ///< times that it was lost: what was under way then is no longer its business
  std::size_t power_state_ = 0;
  double next_power_state_ = std::numeric_limits<double>::infinity();  ///< when it ends, s
  double latest_enqueued_ = 0;             ///< of all that came into the queue
  std::deque<RequestHandle> in_frontend_;  ///< in the order of arrival, which is that of leaving it
  std::deque<RequestHandle> received_;     ///< their KV is here; they decode from the next step on that has room
  std::vector<RequestHandle> to_drop_;     ///< at the end of the step under way
  /// Prompts of which a tier sends what it holds.
  struct Fetch {
    RequestHandle handle;
    std::int64_t to;  ///< blocks from the front that will be here then
  };
  std::vector<Fetch> fetching_;
  RequestHandle told_ = kNoRequest;  ///< whose story is told, once it has come here
  std::int32_t told_preemptions_ = 0;
  ReplicaBooks books_;
};

}  // namespace flotilla::sim
