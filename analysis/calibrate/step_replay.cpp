#include "analysis/calibrate/step_replay.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "sim/engine/invariant.hpp"

namespace flotilla::analysis {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): lengths must be the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  int uniform(int low, int high) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return low + static_cast<int>((z ^ (z >> 31)) % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

/// Sums over steps of one shape.
class Merged {
 public:
  void add(const models::MixedBatch& b, double tpot_weight, double ttft_weight) {
    // A step that no measured request feels counts for the duration alone.
    const double w = std::fmax(tpot_weight + ttft_weight, 1e-12);
    tpot_ += tpot_weight, ttft_ += ttft_weight, steps_ += 1, weight_ += w;
    decode_ += w * b.decode_seqs;
    kv_ += w * static_cast<double>(b.decode_kv_tokens);
    window_ += w * static_cast<double>(b.decode_window_tokens);
    prompts_ += w * b.prefill_seqs;
    last_ += w * b.prefill_last_chunks;
    tokens_ += w * static_cast<double>(b.prefill_tokens);
    pairs_ += w * b.prefill_pairs;
    context_ += w * static_cast<double>(b.prefill_context);
    window_pairs_ += w * b.prefill_window_pairs;
    window_context_ += w * static_cast<double>(b.prefill_window_context);
  }

  [[nodiscard]] WeightedBatch mean() const {
    const auto whole = [this](double sum) { return std::llround(sum / weight_); };
    WeightedBatch result{{}, tpot_, ttft_, steps_};
    auto& b = result.batch;
    b.decode_seqs = static_cast<int>(whole(decode_));
    b.decode_kv_tokens = whole(kv_);
    b.decode_window_tokens = whole(window_);
    b.prefill_tokens = whole(tokens_);
    if (b.prefill_tokens == 0) return result;
    b.prefill_seqs = std::max(1, static_cast<int>(whole(prompts_)));
    b.prefill_last_chunks = static_cast<int>(whole(last_));
    b.prefill_pairs = pairs_ / weight_;
    b.prefill_context = whole(context_);
    b.prefill_window_pairs = window_pairs_ / weight_;
    b.prefill_window_context = whole(window_context_);
    return result;
  }

 private:
  double tpot_ = 0, ttft_ = 0, steps_ = 0, weight_ = 0;
  double decode_ = 0, kv_ = 0, window_ = 0, prompts_ = 0, last_ = 0, tokens_ = 0, pairs_ = 0, context_ = 0;
  double window_pairs_ = 0, window_context_ = 0;
};

class Loop {
 public:
  Loop(const ReplayEngine& engine, const ReplayLoad& load)
      : engine_(engine),
        load_(load),
        random_(load.seed),
        batch_(pool_, engine.kv_blocks, engine.block_size, {}, nullptr, engine.layout),
        planner_(batch_),
        scheduler_(sim::make_scheduler(engine.scheduler, engine.limits)) {
    const int clients = load.concurrency > 0 ? std::min(load.concurrency, load.requests) : load.requests;
    for (int i = 0; i < clients; ++i) {
      if (load.staggered) {
        batch_.enqueue(unmeasured());
      } else {
        send_next(true);
      }
    }
  }

  StepReplay run() {
    while (batch_.running() > 0 || !batch_.waiting().empty() || !on_the_way_.empty() || !arrived_.empty()) step();
    StepReplay result;
    for (const auto& [shape, merged] : merged_) result.batches.push_back(merged.mean());
    result.output_tokens = outputs_;
    result.mean_input_tokens = inputs_ / sent_;
    result.mean_output_tokens = outputs_ / sent_;
    result.sent_at_start = static_cast<double>(at_start_) / sent_;
    return result;
  }

 private:
  using Shape = std::tuple<int, int, int, std::int64_t>;

  int length(double nominal) {
    return random_.uniform(static_cast<int>(std::ceil(nominal * load_.shortest)),
                           static_cast<int>(nominal * load_.longest));
  }

  sim::RequestHandle request(int input, int output, bool measured) {
    const auto handle = pool_.allocate();
    auto& r = pool_[handle];
    r.input_tokens = input, r.output_tokens = r.output_here = output;
    r.found_tokens = r.cached_tokens = std::max(0, std::min(input - 1, static_cast<int>(load_.cached_share * input)));
    r.id = measured ? 1 : 0;
    return handle;
  }

  /// In the middle of its answer: what is done counts as prompt, computed by the step that starts the benchmark.
  sim::RequestHandle unmeasured() {
    const int input = length(load_.input_tokens), output = length(load_.output_tokens);
    const int done = random_.uniform(0, std::max(0, output - 2));
    return request(input + done, output - done, false);
  }

  void send_next(bool at_start) {
    if (sent_ == load_.requests) return;
    ++sent_;
    const auto handle = request(length(load_.input_tokens), length(load_.output_tokens), true);
    inputs_ += pool_[handle].input_tokens, outputs_ += pool_[handle].output_tokens;
    ttft_weight_ += ttft_weight();
    at_start_ += at_start ? 1 : 0;
    if (at_start) {
      batch_.enqueue(handle);
    } else {
      on_the_way_.push_back(handle);
    }
  }

  [[nodiscard]] double ttft_weight() const { return 1.0 / load_.requests; }
  [[nodiscard]] double tpot_weight(const sim::Request& r) const {
    return r.id == 0 || r.output_tokens < 2 ? 0 : ttft_weight() / (r.output_tokens - 1);
  }

  void step() {
    planner_.begin(static_cast<double>(now_), static_cast<double>(now_));
    scheduler_->plan(planner_);
    const auto batch = planned();
    if (batch.decode_seqs + batch.prefill_tokens == 0) {
      if (on_the_way_.empty() && arrived_.empty())
        throw sim::InvariantError("a replica with work and memory is never idle", "in a replay");
    } else {
      record(batch);
    }
    // While this step runs the next is planned: who arrives in it is in the one after that.
    for (const auto handle : arrived_) batch_.enqueue(handle);
    arrived_ = std::exchange(on_the_way_, {});
    if (!engine_.limits.async_scheduling || batch_.running() == 0) {
      for (const auto handle : std::exchange(arrived_, {})) batch_.enqueue(handle);
    }
    complete();
    ++now_;
  }

  models::MixedBatch planned() {
    models::MixedBatch batch;
    if (planner_.decode_planned()) {
      batch.decode_seqs = static_cast<int>(batch_.decoding().size());
      batch.decode_kv_tokens = batch_.decoding().kv_tokens();
      batch.decode_window_tokens = window_tokens(batch);
    }
    for (const auto& chunk : planner_.chunks()) {
      const auto& r = pool_[chunk.request];
      batch.add_prefill(r.computed, chunk.tokens, r.computed + chunk.tokens == r.prefill_target, engine_.window);
    }
    return batch;
  }

  /// As if all decoding sequences had the mean context.
  [[nodiscard]] std::int64_t window_tokens(const models::MixedBatch& batch) const {
    return batch.decode_seqs == 0 ? 0
                                  : batch.decode_seqs * engine_.window.seen(batch.decode_kv_tokens / batch.decode_seqs);
  }

  void record(const models::MixedBatch& batch) {
    const auto tokens = batch.decode_seqs + batch.prefill_tokens;
    const bool mixed = batch.prefill_tokens > 0;
    const Shape shape =
        mixed ? Shape{batch.prefill_seqs, batch.prefill_last_chunks, bucket(batch.decode_seqs, 4), tokens / 64}
              : Shape{0, 0, bucket(batch.decode_seqs, 1), 0};
    merged_[shape].add(batch, std::fmax(0.0, tpot_weight_), std::fmax(0.0, ttft_weight_));
  }

  /// Like numbers of sequences: exact to `unit` while small, within 2 % beyond.
  static int bucket(int sequences, int unit) {
    constexpr int kExact = 64;
    if (sequences <= kExact) return sequences / unit;
    return kExact + static_cast<int>(std::log(static_cast<double>(sequences) / kExact) / std::log(1.02));
  }

  void complete() {
    if (planner_.decode_planned()) batch_.advance_decoding(1);
    for (const auto& chunk : planner_.chunks()) {
      batch_.prefill_advanced(chunk.request, chunk.tokens);
      auto& r = pool_[chunk.request];
      if (r.computed == r.prefill_target) token_made(chunk.request);
    }
    for (auto done = batch_.decoding().pop_finished(pool_); done != sim::kNoRequest;
         done = batch_.decoding().pop_finished(pool_))
      finish(done);
  }

  void token_made(sim::RequestHandle handle) {
    auto& r = pool_[handle];
    if (r.first_token < 0) {
      r.first_token = static_cast<double>(now_);
      ttft_weight_ -= r.id == 0 ? 0 : ttft_weight();
      tpot_weight_ += tpot_weight(r);
    }
    ++r.generated;
    batch_.start_decoding(handle);
    if (!r.decoding()) finish(handle);
  }

  void finish(sim::RequestHandle handle) {
    tpot_weight_ -= tpot_weight(pool_[handle]);
    batch_.retire(handle);
    pool_.release(handle);
    if (load_.concurrency > 0) send_next(false);
  }

  ReplayEngine engine_;
  ReplayLoad load_;
  Random random_;
  sim::RequestPool pool_;
  sim::Batch batch_;
  sim::StepPlanner planner_;
  std::unique_ptr<sim::Scheduler> scheduler_;
  std::vector<sim::RequestHandle> on_the_way_, arrived_;  ///< sent, and at the engine but not yet seen by a plan
  std::map<Shape, Merged> merged_;
  std::int64_t now_ = 0;
  int sent_ = 0, at_start_ = 0;
  double inputs_ = 0, outputs_ = 0;
  double tpot_weight_ = 0, ttft_weight_ = 0;  ///< of the step under way: what the requests in flight make it count
};

}  // namespace

StepReplay replay_steps(const ReplayEngine& engine, const ReplayLoad& load) { return Loop(engine, load).run(); }

}  // namespace flotilla::analysis
