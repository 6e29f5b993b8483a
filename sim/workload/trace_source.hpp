// Requests replayed from a trace.
#pragma once

#include <optional>

#include "sim/workload/source.hpp"
#include "sim/workload/text_names.hpp"
#include "sim/workload/trace/trace_reader.hpp"

namespace flotilla::sim {

/// Cuts the window [start, end) out of the trace, whose beginning becomes time 0, and stretches time. With generated
/// arrivals the rows keep their order and only lend their lengths; the window is then of no effect.
class TraceSource final : public RequestSource {
 public:
  /// `spec.trace` must be given.
  TraceSource(const LoadSpec& spec, std::uint64_t seed);
  bool next(ArrivingRequest& request) override;
  [[nodiscard]] std::int64_t hash_block_size() const override {
    return conversations_ ? kTextBlock : reader_.block_size();
  }
  [[nodiscard]] const TraceReport* report() const override { return &reader_.report(); }

 private:
  bool next_row();
  [[nodiscard]] double arrival_of_row();

  TraceReader reader_;
  TextNames names_;
  bool conversations_;
  bool by_session_;
  double time_scale_;
  std::int64_t start_;  ///< nanoseconds
  std::int64_t end_;
  std::int64_t last_id_;  ///< one past it
  double generated_end_;  ///< seconds
  std::optional<ArrivalProcess> generated_;
  std::int64_t next_id_ = 0;
  TraceRow row_;
};

}  // namespace flotilla::sim
