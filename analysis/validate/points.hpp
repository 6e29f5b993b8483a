// Measured serving points: one row of a table is one point, what was run and what came out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/table.hpp"

namespace flotilla::analysis {

/// How the load was applied.
enum class LoadKind {
  kClosedLoop,   ///< load = clients, each sends its next request when the last one is answered
  kMultiTurn,    ///< load = clients, each replays conversations turn by turn
  kOffline,      ///< all requests queued at once
  kStaticBatch,  ///< load = sequences that start together, one batch
  kRate,         ///< load = requests per second
  kOther,        ///< production traffic, one phase alone: not a load that can be repeated
};

/// A row as the table has it. Names are the table's own; lengths in tokens; blank fields are nullopt.
struct MeasuredPoint {
  std::string id;
  int line = 0;  ///< of the file
  std::string source, date;
  std::string gpu, model, weights, kv, engine, engine_version;
  std::optional<int> gpus, tp, pp, ep, attention_dp;
  bool disaggregated = false;
  std::optional<double> input_tokens, output_tokens;
  std::string lengths;  ///< how they are distributed, in words
  LoadKind load = LoadKind::kOther;
  std::string load_text;             ///< the table's word for it
  std::optional<double> load_value;  ///< infinite for offline loads
  std::optional<double> ttft_ms, tpot_ms;
  std::string ttft_statistic, tpot_statistic;
  std::optional<double> throughput;        ///< published, output tok/s per GPU
  std::optional<double> total_throughput;  ///< published, input and output
  std::string raw, flag, notes;
  bool clean = true;

  [[nodiscard]] bool starts_with(const char* prefix) const { return id.rfind(prefix, 0) == 0; }
  /// Lengths uniform in 80-100 % of the nominal ones: InferenceX's benchmark.
  [[nodiscard]] bool uniform_lengths() const { return lengths.find("uniform") != std::string::npos; }
  /// GPUs of the deployment: tp * pp * attention dp where stated, else gpus.
  [[nodiscard]] std::optional<int> deployed_gpus() const;
  /// Mean output tokens: the nominal length, or 0.9 of it where lengths are uniform in 80-100 %.
  [[nodiscard]] std::optional<double> mean_output_tokens() const;
};

/// Output tok/s per GPU of a closed loop by Little's law: clients * O / (TTFT + TPOT * (O - 1)) / GPUs, O = mean output
/// tokens. Applied to measurement and prediction alike where the source publishes no throughput.
std::optional<double> closed_loop_throughput(const MeasuredPoint&, std::optional<double> ttft_ms,
                                             std::optional<double> tpot_ms);

/// What is compared with a prediction: the published throughput, or the closed loop's formula.
std::optional<double> measured_throughput(const MeasuredPoint&);

/// Every row of the table. Throws InputError with the line: a column is missing, a number is none, an id comes twice.
std::vector<MeasuredPoint> read_points(const Table&);

}  // namespace flotilla::analysis
