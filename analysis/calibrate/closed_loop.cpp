#include "analysis/calibrate/closed_loop.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <queue>

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
};

struct Finish {
  std::int64_t step;
  int request;
  bool operator>(const Finish& o) const { return step != o.step ? step > o.step : request > o.request; }
};

class Loop {
 public:
  explicit Loop(const ClosedLoop& config) : config_(config), random_(config.seed) {
    for (int i = 0; i < config.requests; ++i) requests_.push_back({length(config.input_tokens), length(config.output_tokens)});
    for (int i = 0; i < config.concurrency; ++i) send_next();
  }

  std::vector<WeightedBatch> run() {
    while (decoding_ > 0 || !waiting_.empty()) step();
    for (const auto& [n, merged] : decode_) {
      auto batch = merged;
      batch.batch.decode_kv_tokens = std::llround(kv_by_n_[n] / merged.tpot_weight);
      batches_.push_back(batch);
    }
    return batches_;
  }

 private:
  int length(double nominal) {
    const int high = static_cast<int>(nominal);
    return random_.uniform(static_cast<int>(std::ceil(nominal * config_.shortest)), high);
  }

  void send_next() {
    if (next_ < config_.requests) waiting_.push_back(next_++);
  }

  bool waits_for_more() {
    if (config_.wait_steps == 0 || waiting_.empty() || decoding_ == 0) return false;
    double tokens = 0;
    for (const int r : waiting_) tokens += requests_[r].input;
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
      if (request.prefilled == 0 && config_.kv_tokens > 0) {
        if (reserved_ + request.input + request.output > config_.kv_tokens) break;
      }
      const int left = request.input - request.prefilled;
      if (left > budget && (!config_.chunked_prefill) && batch.prefill_tokens + decoding_ > 0) break;
      if (request.prefilled == 0) reserved_ += request.input + request.output;
      const auto chunk = static_cast<int>(std::min<std::int64_t>(left, config_.chunked_prefill ? budget : left));
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
    WeightedBatch step;
    step.batch.decode_seqs = decoding_;
    kv_ += decoding_;  // each reads its own new token too
    step.batch.decode_kv_tokens = kv_;
    step.tpot_weight = tpot_weight_;
    step.ttft_weight = static_cast<double>(waiting_.size()) / config_.requests;
    schedule_prefill(step.batch);
    ++now_;
    record(step);
    for (; !finishes_.empty() && finishes_.top().step == now_; finishes_.pop()) finish(finishes_.top().request);
    for (int i = 0; i < step.batch.prefill_last_chunks; ++i) {
      start_decoding(waiting_.front());
      waiting_.pop_front();
    }
  }

  void record(const WeightedBatch& step) {
    if (step.batch.prefill_seqs > 0) {
      batches_.push_back(step);
      return;
    }
    auto& merged = decode_[step.batch.decode_seqs];
    merged.batch.decode_seqs = step.batch.decode_seqs;
    merged.tpot_weight += step.tpot_weight;
    merged.ttft_weight += step.ttft_weight;
    kv_by_n_[step.batch.decode_seqs] += step.tpot_weight * static_cast<double>(step.batch.decode_kv_tokens);
  }

  /// The step that ended its prompt gave the first token.
  void start_decoding(int r) {
    const auto& request = requests_[r];
    decoding_ += 1;
    kv_ += request.input;
    tpot_weight_ += weight(request);
    finishes_.push({now_ + request.output - 1, r});
  }

  void finish(int r) {
    const auto& request = requests_[r];
    decoding_ -= 1;
    kv_ -= request.input + request.output - 1;
    tpot_weight_ -= weight(request);
    if (decoding_ == 0) tpot_weight_ = 0;
    reserved_ -= request.input + request.output;
    send_next();
  }

  [[nodiscard]] double weight(const Request& request) const { return 1.0 / (request.output - 1) / config_.requests; }

  ClosedLoop config_;
  Random random_;
  std::vector<Request> requests_;
  std::deque<int> waiting_;
  std::priority_queue<Finish, std::vector<Finish>, std::greater<>> finishes_;
  std::int64_t now_ = 0, kv_ = 0, reserved_ = 0;
  int next_ = 0, decoding_ = 0, waited_ = 0;
  double tpot_weight_ = 0;
  std::map<int, WeightedBatch> decode_;
  std::map<int, double> kv_by_n_;
  std::vector<WeightedBatch> batches_;
};

}  // namespace

std::vector<WeightedBatch> closed_loop_batches(const ClosedLoop& config) { return Loop(config).run(); }

}  // namespace flotilla::analysis
