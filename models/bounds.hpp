// The physical bounds of a model on a GPU: datasheet arithmetic and nothing else. What the articles compute; a
// simulation is compared with them. Every figure comes with its formula, filled in, and the sources of what it is made
// of.
#pragma once

#include <string>
#include <vector>

#include "models/deployment.hpp"
#include "models/gpu.hpp"
#include "models/llm.hpp"
#include "models/number_format.hpp"

namespace flotilla::models {

struct Bound {
  std::string name;     ///< "decode floor, batch 1"; the same for every GPU, so that columns can be laid side by side
  double value = 0;     ///< the article's figure may be a range: its upper end
  std::string unit;     ///< "ms", "GB", "tokens", ... of `value`
  std::string text;     ///< rounded as the articles round, with its unit: "21.5 ms", "~413,000 tokens", "7-8 GB"
  std::string formula;  ///< with the numbers filled in: "72.00 GB / 3.35 TB/s"
  std::string source;   ///< where the inputs come from, and what is counted
};

/// Bounds of one GPU, always in the same order. For an article's variant (h100-sxm@a1) the article's inputs are used:
/// the weights it streams, what it reserves. Otherwise: the embedding table is not streamed, and the KV budget is all
/// that weights leave of the driver's capacity (an engine leaves less: memory.hpp). `kv` is the format of the rows that
/// count sequences.
std::vector<Bound> bounds(const Llm&, const Gpu&, NumberFormat weights, NumberFormat kv);

/// What no decode step of this replica can be faster than, with all its GPUs at the datasheet's peaks and nothing held
/// twice or sent: the longer of
///   memory  = (weights that the step's tokens meet + KV that its sequences read) / (GPUs * HBM bandwidth)
///   compute = 2 * active parameters * tokens / (GPUs * dense peak of the weights' format)
/// Of a sparse layer's E experts, n tokens that choose k at random meet E * (1 - (1 - k/E)^n).
struct DecodeFloor {
  double memory = 0;   ///< seconds
  double compute = 0;  ///< seconds
  [[nodiscard]] double seconds() const { return memory > compute ? memory : compute; }
};
/// `sequences` in all attention ranks together, with `kv_tokens` in the cache. With speculation: per token made.
DecodeFloor decode_floor(const Deployment&, double sequences, double kv_tokens);

}  // namespace flotilla::models
