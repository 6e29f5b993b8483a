#include "analysis/calibrate/closed_loop.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <queue>
#include <tuple>

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

struct Request {
  int input = 0, output = 0;
  int prefilled = 0;
  double tpot_weight = 0, ttft_weight = 0;  ///< of each step it decodes in, of each step it waits in
};

struct Finish {
  std::int64_t step;
  std::size_t request;
  bool operator>(const Finish& o) const { return step != o.step ? step > o.step : request > o.request; }
};

/// Sums over steps of one shape.
class Merged {
 public:
  void add(const models::MixedBatch& b, double tpot_weight, double ttft_weight) {
    const double w = tpot_weight + ttft_weight;
    shape_ = b;
    tpot_ += tpot_weight;
    ttft_ += ttft_weight;
    decode_ += w * b.decode_seqs;
    kv_ += w * static_cast<double>(b.decode_kv_tokens);
    tokens_ += w * static_cast<double>(b.prefill_tokens);
    pairs_ += w * b.prefill_pairs;
    context_ += w * static_cast<double>(b.prefill_context);
  }

  [[nodiscard]] WeightedBatch mean() const {
    WeightedBatch result{shape_, tpot_, ttft_};
    const double w = tpot_ + ttft_;
    result.batch.decode_seqs = static_cast<int>(std::lround(decode_ / w));
    result.batch.decode_kv_tokens = std::llround(kv_ / w);
    result.batch.prefill_tokens = std::llround(tokens_ / w);
    result.batch.prefill_pairs = pairs_ / w;
    result.batch.prefill_context = std::llround(context_ / w);
    return result;
  }

  [[nodiscard]] bool empty() const { return tpot_ + ttft_ <= 0; }

 private:
  models::MixedBatch shape_;
  double tpot_ = 0, ttft_ = 0, decode_ = 0, kv_ = 0, tokens_ = 0, pairs_ = 0, context_ = 0;
};

class Loop {
 public:
  explicit Loop(const ClosedLoop& config) : config_(config), random_(config.seed) {
    if (config.staggered) {
      for (int i = 0; i < config.concurrency; ++i) start_amid();
    } else {
      for (int i = 0; i < config.concurrency; ++i) send_next();
    }
  }

  std::vector<WeightedBatch> run() {
    while (decoding_ > 0 || !waiting_.empty() || !on_the_way_.empty()) step();
    std::vector<WeightedBatch> batches;
    for (const auto& [shape, merged] : merged_) {
      if (!merged.empty()) batches.push_back(merged.mean());
    }
    return batches;
  }

 private:
  using Shape = std::tuple<int, int, int, std::int64_t>;

  int length(double nominal) {
    const int high = static_cast<int>(nominal);
    return random_.uniform(static_cast<int>(std::ceil(nominal * config_.shortest)), high);
  }

  void start_amid() {
    Request request{length(config_.input_tokens), length(config_.output_tokens)};
    const int done = random_.uniform(0, request.output - 2);
    request.input += done;
    request.output -= done;
    requests_.push_back(request);
    start_decoding(requests_.size() - 1);
  }

  void send_next() {
    if (sent_ == config_.requests) return;
    ++sent_;
    Request request{length(config_.input_tokens), length(config_.output_tokens)};
    request.ttft_weight = 1.0 / config_.requests;
    request.tpot_weight = request.ttft_weight / std::max(1, request.output - 1);
    requests_.push_back(request);
    (now_ == 0 ? waiting_ : on_the_way_).push_back(requests_.size() - 1);
  }

  bool waits_for_more() {
    if (config_.wait_steps == 0 || waiting_.empty() || decoding_ == 0) return false;
    double tokens = 0;
    for (const auto r : waiting_) tokens += requests_[r].input;
    if (tokens >= config_.wait_ratio * config_.max_num_batched_tokens) return false;
    return waited_++ < config_.wait_steps;
  }

  /// Takes prompts in order until the step is full.
  void schedule_prefill(models::MixedBatch& batch) {
    if (waits_for_more()) return;
    waited_ = 0;
    std::int64_t budget = config_.max_num_batched_tokens - decoding_;
    for (std::size_t i = 0; i < waiting_.size() && budget > 0; ++i) {
      auto& request = requests_[waiting_[i]];
      const int left = request.input - request.prefilled;
      const bool first = batch.prefill_tokens + decoding_ == 0;  // a prompt that never fits beside others runs alone
      if (left > budget && !config_.chunked_prefill && !first) break;
      const auto chunk = static_cast<int>(config_.chunked_prefill ? std::min<std::int64_t>(left, budget) : left);
      batch.prefill_seqs += 1;
      batch.prefill_tokens += chunk;
      batch.prefill_pairs += chunk * (request.prefilled + chunk / 2.0);
      batch.prefill_context += request.prefilled;
      request.prefilled += chunk;
      batch.prefill_last_chunks += request.prefilled == request.input;
      budget -= chunk;
    }
  }

  void step() {
    models::MixedBatch batch;
    batch.decode_seqs = decoding_;
    kv_ += decoding_;  // each reads its own new token too
    batch.decode_kv_tokens = kv_;
    double ttft_weight = 0;
    for (const auto r : waiting_) ttft_weight += requests_[r].ttft_weight;
    for (const auto r : on_the_way_) ttft_weight += requests_[r].ttft_weight;
    schedule_prefill(batch);
    waiting_.insert(waiting_.end(), on_the_way_.begin(), on_the_way_.end());
    on_the_way_.clear();
    ++now_;
    record(batch, ttft_weight);
    for (; !finishes_.empty() && finishes_.top().step == now_; finishes_.pop()) finish(finishes_.top().request);
    for (int i = 0; i < batch.prefill_last_chunks; ++i) {
      start_decoding(waiting_.front());
      waiting_.pop_front();
    }
  }

  void record(const models::MixedBatch& batch, double ttft_weight) {
    constexpr int kTokens = 64;  // a multiplication's step in M
    constexpr int kSequences = 4;
    const bool mixed = batch.prefill_seqs > 0;
    const auto tokens = batch.decode_seqs + batch.prefill_tokens;
    const Shape shape =
        mixed ? Shape{batch.prefill_seqs, batch.prefill_last_chunks, batch.decode_seqs / kSequences, tokens / kTokens}
              : Shape{0, 0, batch.decode_seqs, 0};
    merged_[shape].add(batch, std::max(0.0, tpot_weight_), ttft_weight);
  }

  /// The step that ended its prompt gave the first token.
  void start_decoding(std::size_t r) {
    const auto& request = requests_[r];
    if (request.output < 2) {
      send_next();
      return;
    }
    decoding_ += 1;
    kv_ += request.input;
    tpot_weight_ += request.tpot_weight;
    finishes_.push({now_ + request.output - 1, r});
  }

  void finish(std::size_t r) {
    const auto& request = requests_[r];
    decoding_ -= 1;
    kv_ -= request.input + request.output - 1;
    tpot_weight_ = decoding_ == 0 ? 0 : tpot_weight_ - request.tpot_weight;
    send_next();
  }

  ClosedLoop config_;
  Random random_;
  std::vector<Request> requests_;
  std::deque<std::size_t> waiting_, on_the_way_;
  std::priority_queue<Finish, std::vector<Finish>, std::greater<>> finishes_;
  std::map<Shape, Merged> merged_;
  std::int64_t now_ = 0, kv_ = 0;
  int sent_ = 0, decoding_ = 0, waited_ = 0;
  double tpot_weight_ = 0;
};

}  // namespace

std::vector<WeightedBatch> closed_loop_batches(const ClosedLoop& config) { return Loop(config).run(); }

}  // namespace flotilla::analysis
