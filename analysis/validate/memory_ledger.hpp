// The KV cache as engines logged it at their start, against the memory ledger of the models.
#pragma once

#include <string>
#include <vector>

#include "analysis/table.hpp"
#include "analysis/validate/statistics.hpp"

namespace flotilla::analysis {

/// How near every configuration must come, as a ratio.
inline constexpr double kLedgerTarget = 0.02;

struct LedgerLine {
  std::string name;     ///< of the configuration
  double logged = 0;    ///< KV tokens of one replica
  double computed = 0;  ///< the same by models::memory_ledger; 0 = skipped
  std::string skipped;  ///< why there is none

  [[nodiscard]] double error() const { return computed / logged - 1; }
};

/// Columns exp, model, gpu, tp, vllm, kv_cache_tokens, gpu_mem_util, command (from which --max-num-seqs,
/// --max-num-batched-tokens and --enable-expert-parallel are read); the KV cache is in FP8. Lines without
/// a figure, or with that of another configuration (25 % off the median of their like), are skipped.
std::vector<LedgerLine> compare_memory(const Table&);

/// Over the lines that were computed.
ErrorStatistics ledger_errors(const std::vector<LedgerLine>&);
/// The largest absolute error.
double worst_error(const std::vector<LedgerLine>&);

}  // namespace flotilla::analysis
