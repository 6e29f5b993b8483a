// Measurements of prefill and decode on separate workers: how many of each, and how each is laid out.
#pragma once

#include <optional>
#include <string>

namespace flotilla::analysis {

/// The workers of one side, all alike.
struct Workers {
  int count = 1;
  int tp = 1, pp = 1, ep = 1, dp = 1;
  int batch = 1;  ///< sequences on each attention rank at most
  [[nodiscard]] int gpus() const { return count * tp * pp * dp; }
};

struct WorkerLayout {
  Workers prefill, decode;
  [[nodiscard]] int gpus() const { return prefill.gpus() + decode.gpus(); }
  /// Requests that the decode workers hold at once.
  [[nodiscard]] int decode_slots() const { return decode.count * decode.dp * decode.batch; }
};

/// From a row's notes: "prefill: 2 workers x (tp1 pp1 attn_dp8 moe_tp8 moe_ep1, batch 1); decode: 1 workers x (...)".
/// Absent where they do not say.
std::optional<WorkerLayout> worker_layout(const std::string& notes);

}  // namespace flotilla::analysis
