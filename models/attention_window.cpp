#include <algorithm>
#include <cmath>

#include "models/step_cost.hpp"

namespace flotilla::models {

std::int64_t AttentionWindow::seen(std::int64_t context) const {
  if (size == 0 || context <= 0) return 0;
  return chunked ? (context - 1) % size + 1 : std::min<std::int64_t>(context, size);
}

double AttentionWindow::pairs(double tokens) const {
  const double w = size;
  if (size == 0) return 0;
  if (!chunked) return tokens <= w ? tokens * tokens / 2 : w * w / 2 + w * (tokens - w);
  const double whole = std::floor(tokens / w), rest = tokens - whole * w;
  return whole * w * w / 2 + rest * rest / 2;
}

AttentionWindow window_of(const Llm& llm) { return {llm.windowed_layers > 0 ? llm.window : 0, llm.chunked_window}; }

void MixedBatch::add_prefill(std::int64_t context, std::int64_t tokens, bool last, const AttentionWindow& window) {
  const auto c = static_cast<double>(tokens), before = static_cast<double>(context);
  ++prefill_seqs;
  prefill_last_chunks += last ? 1 : 0;
  prefill_tokens += tokens;
  prefill_pairs += c * (before + c / 2);
  prefill_context += context;
  if (window.size == 0) return;
  prefill_window_pairs += window.pairs(before + c) - window.pairs(before);
  prefill_window_context += window.chunked ? context % window.size : std::min<std::int64_t>(context, window.size);
}

}  // namespace flotilla::models
