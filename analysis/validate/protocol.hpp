// How each kind of measurement is repeated: a row of the table becomes a scenario, or a reason why not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "analysis/validate/disaggregated.hpp"
#include "analysis/validate/points.hpp"

namespace flotilla::analysis {

/// The deployment and the load of one measured point, in the words of a scenario. Absent figures are the engine's.
struct Setup {
  std::string name, model, gpu, system;
  int gpus = 1;  ///< of the whole deployment
  std::string engine, engine_version, weights, kv_cache = "bf16";
  int tp = 1, pp = 1, ep = 1, dp = 1;
  std::optional<WorkerLayout> workers;  ///< where prefill and decode are apart, instead of the sizes above
  std::optional<double> memory_share;
  std::optional<int> max_num_batched_tokens;  ///< on each attention rank
  std::optional<int> max_num_seqs;
  std::optional<int> block_size;
  std::optional<bool> chunked_prefill;
  std::string policy;  ///< of the scheduler; "" = the engine's
  /// Share of max_num_batched_tokens that prompts wait to fill, for at most so many steps; 0 = nobody waits.
  double batch_wait_ratio = 0;
  int batch_wait_steps = 0;
  /// trtllm-bench's own choice of max_num_seqs and max_num_batched_tokens, from the KV memory there is.
  bool tuned_by_trtllm_bench = false;

  std::string request_rate = "inf";
  std::optional<int> max_concurrency;
  /// Clients start one after the other over the time of one request, not all at once: where lengths are fixed, those
  /// who start together would end together, again and again, and no real benchmark does.
  bool spread = false;
  std::string warmup;                       ///< as in a scenario; "" = everything is measured
  std::int64_t requests = 0;                ///< 0 = several times what fits: set when the KV memory is known
  std::string input_tokens, output_tokens;  ///< as in a scenario
  double mean_input = 0, mean_output = 0;
  double cached_share = 0;  ///< of each prompt, found in the prefix cache
  int draft_tokens = 0;     ///< of speculative decoding; 0 = none
  double acceptance = 0;    ///< of each of them
};

/// Which statistic of the simulated requests stands against the measured figure.
enum class Statistic { kMean, kMedian };

struct Protocol {
  Setup setup;
  Statistic ttft = Statistic::kMean;
  Statistic tpot = Statistic::kMean;
  bool derived_throughput = false;  ///< by closed_loop_throughput(), as the measured one
  std::vector<std::string> notes;   ///< what is approximated
};

/// Why a row is not replayed.
struct Skipped {
  std::string reason;
};

/// What a row does not say and somebody has to assume, varied to see how much it matters.
struct Assumption {
  double input_scale = 1;  ///< of input lengths that the row does not state
  int draft_tokens = 0;    ///< of speculative decoding
  double acceptance = 0;
};

/// Pure: looks at nothing but the row, the assumption and the names of the catalogue.
std::variant<Protocol, Skipped> protocol_of(const MeasuredPoint&, const Assumption& = {});

/// The catalogue's system that holds this GPU; "" if none does.
std::string system_of(const std::string& gpu);

/// The scenario as YAML.
std::string to_scenario(const Setup&);

/// What trtllm-bench sets where the user does not: max_batch_size and max_num_tokens from the requests that fit into
/// the KV cache (tensorrt_llm/bench/build/tuning.py, finetune_setting).
struct BenchTuning {
  int max_num_seqs = 0;
  int max_num_batched_tokens = 0;
};
BenchTuning trtllm_bench_tuning(double requests_that_fit, double input_tokens, double output_tokens);

/// Fills in what depends on the KV tokens of one replica: the tuning above, and the number of requests where it is
/// open.
void settle(Setup&, std::int64_t kv_tokens);

}  // namespace flotilla::analysis
