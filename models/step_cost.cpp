#include "models/step_cost.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "models/layer_cost.hpp"

namespace flotilla::models {
namespace {

/// Memoised by a count (tokens, rows, sequences): a dense table that grows on demand to what the scheduler really asks.
/// References into a deque stay valid while it grows.
template <class T, class Values = std::vector<T>>
class Memo {
 public:
  template <class Compute>
  const T& get(std::size_t index, Compute compute) {
    if (index >= known_.size()) {
      const auto size = std::max(index + 1, 2 * known_.size());
      values_.resize(size);
      known_.resize(size);
    }
    if (!known_[index]) {
      values_[index] = compute();
      known_[index] = 1;
    }
    return values_[index];
  }

 private:
  Values values_;
  std::vector<char> known_;
};

}  // namespace

/// How a step is divided: over the stages of the pipeline into micro-batches, each of them over the attention ranks.
struct StepCost::Impl {
  Impl(const Deployment& d, CalibratedCell calibrated)
      : deployment(d),
        cell(std::move(calibrated)),
        layers(deployment, cell),
        tokens_per_step(d.speculation.tokens_per_step()) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] double stages() const { return deployment.pipeline_parallel_size; }
  [[nodiscard]] double ranks() const { return deployment.data_parallel_size; }
  [[nodiscard]] double drafts() const { return deployment.speculation.draft_tokens; }
  [[nodiscard]] CauseTimes host_time(double sequences) const;
  [[nodiscard]] CauseTimes gpu(CauseTimes time) const {
    time.host *= deployment.what_if.host_time;
    return time * cell.profile.gpu_time;
  }
  /// Tokens of a micro-batch on all ranks and on the busiest one, evenly divided.
  const CauseTimes& memo_tokens(std::int64_t tokens);
  const CauseTimes& memo_sampling(std::int64_t rows);
  /// Of `sequences` that decode together, slopes per KV token of all of them.
  const DecodeAttention& memo_attention(std::int64_t sequences);
  /// What the proposals of `sequences` cost: each a layer of the model and a vocabulary projection (the shape of a
  /// multi-token prediction module).
  [[nodiscard]] CauseTimes draft_time(double sequences);
  /// A whole decode step, in which every sequence makes tokens_per_step tokens in the mean.
  [[nodiscard]] DecodeCost decode_step(int sequences);
  [[nodiscard]] CauseTimes mixed_step(const MixedBatch&);
  /// Tokens of a micro-batch on the busiest attention rank, and on all of them.
  struct Tokens {
    double rank, micro;
  };
  [[nodiscard]] Tokens divided(std::int64_t decodes, const MixedBatch&) const;
  [[nodiscard]] std::int64_t proposed(int sequences) const {
    return static_cast<std::int64_t>(sequences) * (1 + deployment.speculation.draft_tokens);
  }
  /// Of so many tokens on all layers.
  [[nodiscard]] CollectiveLoad load(const Tokens&) const;

  Deployment deployment;
  CalibratedCell cell;
  LayerCost layers;
  double tokens_per_step;
  Memo<CauseTimes> by_tokens, by_rows;
  Memo<DecodeAttention> attention_by_sequences;
  Memo<DecodeCost, std::deque<DecodeCost>> by_sequences;
};

/// Each attention rank has a scheduler of its own, for its share of the sequences.
CauseTimes StepCost::Impl::host_time(double sequences) const {
  const auto& host = cell.profile.host;
  return {.host = deployment.what_if.host_time * (host.per_step + host.per_sequence * sequences / ranks())};
}

const CauseTimes& StepCost::Impl::memo_tokens(std::int64_t tokens) {
  return by_tokens.get(static_cast<std::size_t>(tokens), [&] {
    const double micro = std::ceil(static_cast<double>(tokens) / stages());
    const double rank = std::ceil(micro / ranks());
    auto time = layers.tokens(rank, micro);
    return gpu(time += layers.stage_transfers(rank));
  });
}

const CauseTimes& StepCost::Impl::memo_sampling(std::int64_t rows) {
  return by_rows.get(static_cast<std::size_t>(rows),
                     [&] { return gpu(layers.sampling(std::ceil(static_cast<double>(rows) / (stages() * ranks())))); });
}

const DecodeAttention& StepCost::Impl::memo_attention(std::int64_t sequences) {
  return attention_by_sequences.get(static_cast<std::size_t>(sequences), [&] {
    const double share = 1 / (stages() * ranks());  // of the KV tokens, on one rank in one micro-batch
    const auto attention = layers.decode_attention(std::ceil(static_cast<double>(sequences) * share));
    return DecodeAttention{gpu(attention.base), gpu(attention.slope) * share, gpu(attention.window_slope) * share};
  });
}

CauseTimes StepCost::Impl::draft_time(double sequences) {
  if (drafts() == 0) return {};
  const auto n = static_cast<std::int64_t>(sequences);
  CauseTimes one = memo_tokens(n) * (1.0 / deployment.llm.layers);
  one += memo_sampling(n);
  return one * drafts();
}

DecodeCost StepCost::Impl::decode_step(int sequences) {
  const auto n = static_cast<std::int64_t>(sequences);
  const auto& attention = memo_attention(n);
  DecodeCost cost;
  cost.base_by_cause = attention.base;
  cost.base_by_cause += memo_tokens(proposed(sequences));
  cost.base_by_cause += memo_sampling(proposed(sequences));
  cost.base_by_cause += draft_time(sequences);
  cost.base_by_cause += host_time(sequences);
  cost.slope_by_cause = attention.slope;
  cost.window_slope_by_cause = attention.window_slope;
  return cost;
}

namespace {

/// Prompts are not divided among attention ranks, so that some ranks hold one more than others: the share of all prompt
/// tokens on the busiest.
double busiest_share(int prompts, double ranks) { return std::ceil(prompts / ranks) / prompts; }

MixedBatch busiest_prefill(MixedBatch batch, double ranks) {
  const double share = busiest_share(batch.prefill_seqs, ranks);
  const auto part = [share](std::int64_t whole) { return std::llround(static_cast<double>(whole) * share); };
  batch.prefill_tokens = part(batch.prefill_tokens);
  batch.prefill_context = part(batch.prefill_context);
  batch.prefill_window_context = part(batch.prefill_window_context);
  batch.prefill_pairs *= share;
  batch.prefill_window_pairs *= share;
  return batch;
}

}  // namespace

StepCost::Impl::Tokens StepCost::Impl::divided(std::int64_t decodes, const MixedBatch& batch) const {
  const double micro = std::ceil(static_cast<double>(decodes + batch.prefill_tokens) / stages());
  const double prompts = static_cast<double>(batch.prefill_tokens) *
                         (batch.prefill_seqs > 0 ? busiest_share(batch.prefill_seqs, ranks()) : 0);
  return {std::ceil((std::ceil(static_cast<double>(decodes) / ranks()) + prompts) / stages()), micro};
}

CauseTimes StepCost::Impl::mixed_step(const MixedBatch& batch) {
  const std::int64_t decodes = proposed(batch.decode_seqs);
  CauseTimes time;
  if (ranks() == 1) {
    time = memo_tokens(decodes + batch.prefill_tokens);
  } else {
    const Tokens tokens = divided(decodes, batch);
    time = layers.tokens(tokens.rank, tokens.micro);
    time = gpu(time += layers.stage_transfers(tokens.rank));
  }
  time += memo_sampling(decodes + batch.prefill_last_chunks);
  if (batch.decode_seqs > 0) {
    const auto& attention = memo_attention(batch.decode_seqs);
    time += attention.base;
    time += attention.slope * static_cast<double>(batch.decode_kv_tokens);
    time += attention.window_slope * static_cast<double>(batch.decode_window_tokens);
    time += draft_time(batch.decode_seqs);
  }
  if (batch.prefill_tokens > 0) {
    time += gpu(layers.prefill_attention(ranks() == 1 ? batch : busiest_prefill(batch, ranks())));
    const double floor = deployment.what_if.host_time * cell.profile.host.mixed_floor * deployment.llm.layers;
    time.host += std::fmax(0, floor - time.total());
  }
  return time += host_time(batch.decode_seqs + batch.prefill_seqs);
}

CollectiveLoad StepCost::Impl::load(const Tokens& tokens) const {
  CollectiveLoad load = collective_load(deployment, tokens.rank, tokens.micro);
  load.latency = layers.collective_latency() * cell.profile.gpu_time;
  return load;
}

StepCost::StepCost(const Deployment& deployment)
    : impl_(std::make_unique<Impl>(deployment, calibrated_cell(deployment))) {}
StepCost::StepCost(const Deployment& deployment, const Calibration& calibration)
    : impl_(std::make_unique<Impl>(deployment, calibrated_cell(deployment, calibration))) {}
StepCost::~StepCost() = default;
StepCost::StepCost(StepCost&&) noexcept = default;

/// With speculation a step makes several tokens of each sequence; the simulator counts a token per step, so that a step
/// of its own takes the time of one token.
const DecodeCost& StepCost::decode(int sequences) {
  auto& m = *impl_;
  return m.by_sequences.get(static_cast<std::size_t>(sequences), [&] {
    DecodeCost cost = m.decode_step(sequences);
    const double per_token = 1 / m.tokens_per_step;
    cost.base_by_cause = cost.base_by_cause * per_token;
    cost.slope_by_cause = cost.slope_by_cause * per_token;
    cost.window_slope_by_cause = cost.window_slope_by_cause * per_token;
    cost.base = cost.base_by_cause.total();
    cost.slope = cost.slope_by_cause.total();
    cost.window_slope = cost.window_slope_by_cause.total();
    cost.valid_until = std::numeric_limits<double>::infinity();
    return cost;
  });
}

CauseTimes StepCost::mixed(const MixedBatch& batch) {
  auto& m = *impl_;
  CauseTimes time = m.mixed_step(batch);
  if (m.tokens_per_step == 1 || batch.decode_seqs == 0) return time;
  // The sequences that decode beside the prompts make their several tokens, too: only their share is divided.
  const auto& decode = this->decode(batch.decode_seqs);
  CauseTimes saved = decode.base_by_cause;
  saved += decode.slope_by_cause * static_cast<double>(batch.decode_kv_tokens);
  saved += decode.window_slope_by_cause * static_cast<double>(batch.decode_window_tokens);
  return time += saved * (1 - m.tokens_per_step);
}

/// As mixed(), term by term, which without prefill is what decode() says.
CollectiveLoad StepCost::collectives(const MixedBatch& batch) {
  const auto& m = *impl_;
  CollectiveLoad step = m.load(m.divided(m.proposed(batch.decode_seqs), batch));
  if (m.drafts() == 0 || batch.decode_seqs == 0) return step;
  // As draft_time().
  const CollectiveLoad draft = m.load(m.divided(batch.decode_seqs, {})) * (m.drafts() / m.deployment.llm.layers);
  CollectiveLoad decode = m.load(m.divided(m.proposed(batch.decode_seqs), {}));
  decode += draft;
  step += draft;
  return step += decode * (1 / m.tokens_per_step - 1);
}

StepCost::Envelope StepCost::envelope() const {
  Envelope envelope = impl_->cell.envelope;
  if (impl_->deployment.what_if.changes_nothing()) return envelope;
  envelope.inside = false;
  envelope.reason += (envelope.reason.empty() ? "" : "; ") + std::string("what_if changes the hardware");
  return envelope;
}

FrontendCost StepCost::frontend() const {
  FrontendCost cost = impl_->cell.profile.frontend;
  cost.per_request *= impl_->deployment.what_if.host_time;
  cost.per_input_token *= impl_->deployment.what_if.host_time;
  return cost;
}

}  // namespace flotilla::models
