// What one engine step costs: time by cause, for a batch. The contract that makes the simulator fast: for a fixed set
// of decoding sequences, step time is affine in the KV tokens they hold, so that k decode steps are a closed form.
#pragma once

#include <cstdint>
#include <memory>

#include "models/collective_bytes.hpp"
#include "models/deployment.hpp"

namespace flotilla::models {

/// Seconds of a step by what the GPU waited for. Plain doubles inside the hot path; the sum is the step's duration.
struct CauseTimes {
  double memory = 0;         ///< moving weights, KV and activations
  double compute = 0;        ///< tensor-core bound work
  double communication = 0;  ///< collectives inside the replica
  double host = 0;           ///< the engine's own overhead: scheduling, launches, sampling

  [[nodiscard]] double total() const { return memory + compute + communication + host; }
  CauseTimes& operator+=(const CauseTimes& o) {
    memory += o.memory;
    compute += o.compute;
    communication += o.communication;
    host += o.host;
    return *this;
  }
  friend CauseTimes operator*(CauseTimes t, double f) {
    return {t.memory * f, t.compute * f, t.communication * f, t.host * f};
  }
};

/// How far windowed layers see. No window: size 0.
struct AttentionWindow {
  int size = 0;          ///< tokens
  bool chunked = false;  ///< it does not slide: a token sees its own chunk of `size` tokens

  /// Tokens that the query at the end of a context of so many tokens reads (the newest included); 0 without a window.
  [[nodiscard]] std::int64_t seen(std::int64_t context) const;
  /// Query-key pairs of the first `tokens` tokens of a sequence: the integral of `seen`.
  [[nodiscard]] double pairs(double tokens) const;
};
AttentionWindow window_of(const Llm&);

/// A decode step of n sequences that read K KV tokens in all (each its context, the new token included), and W of them
/// in windowed layers (each no more than the window), takes base + slope * K + window_slope * W seconds, for K <=
/// valid_until.
struct DecodeCost {
  double base = 0;
  double slope = 0;
  double window_slope = 0;    ///< 0 unless the model has windowed layers
  double valid_until = 0;     ///< KV tokens; +infinity where nothing changes
  CauseTimes base_by_cause;   ///< sums to base
  CauseTimes slope_by_cause;  ///< sums to slope
  CauseTimes window_slope_by_cause;
};

/// A step with prefill in it, summed over its sequences.
struct MixedBatch {
  int decode_seqs = 0;
  std::int64_t decode_kv_tokens = 0;      ///< K as above
  std::int64_t decode_window_tokens = 0;  ///< W as above; 0 unless the model has windowed layers
  int prefill_seqs = 0;                   ///< sequences with a chunk in this step
  int prefill_last_chunks = 0;            ///< of those, how many end their prompt here and sample a token
  std::int64_t prefill_tokens = 0;        ///< sum of chunk lengths c
  double prefill_pairs = 0;  ///< sum of c * (context before the chunk + c / 2): query-key pairs of causal attention
  std::int64_t prefill_context = 0;  ///< sum of contexts before the chunks: KV tokens that are read again
  double prefill_window_pairs = 0;   ///< the same two, as windowed layers see them
  std::int64_t prefill_window_context = 0;

  /// A chunk of `tokens` behind `context` joins.
  void add_prefill(std::int64_t context, std::int64_t tokens, bool last, const AttentionWindow& window);
};

struct Calibration;   // models/calibration.hpp
struct FrontendCost;  // models/calibration.hpp

/// How long the steps of a replica take: all that an engine asks of the cost model.
class StepTimes {
 public:
  virtual ~StepTimes() = default;
  /// The reference stays valid for as long as the object lives.
  [[nodiscard]] virtual const DecodeCost& decode(int sequences) = 0;
  [[nodiscard]] virtual CauseTimes mixed(const MixedBatch&) = 0;
  /// What the communication of such a step consists of, with or without prefill in it. Of one GPU: nothing.
  [[nodiscard]] virtual CollectiveLoad collectives(const MixedBatch&) { return {}; }
};

/// Step times of one deployment. Calls with the same batch shape are memoised; not thread-safe.
class StepCost final : public StepTimes {
 public:
  explicit StepCost(const Deployment&);
  StepCost(const Deployment&, const Calibration&);  ///< on coefficients of one's own, which must outlive it
  ~StepCost() override;
  StepCost(StepCost&&) noexcept;

  [[nodiscard]] const DecodeCost& decode(int sequences) override;
  [[nodiscard]] CauseTimes mixed(const MixedBatch&) override;
  [[nodiscard]] CollectiveLoad collectives(const MixedBatch&) override;

  /// How near the calibration points this deployment lies.
  struct Envelope {
    bool inside = true;
    std::string nearest_points;  ///< in words: "fitted on 70 points: H100, vLLM, FP8, TP 1-8"
    double expected_error = 0;   ///< median absolute relative TPOT error of those points
    std::string reason;          ///< why it is outside, if it is
  };
  [[nodiscard]] Envelope envelope() const;
  /// What a request waits for outside the steps.
  [[nodiscard]] FrontendCost frontend() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace flotilla::models
