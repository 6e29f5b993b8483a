// What users were promised: of a scenario, or of one of its tenants.
#pragma once

#include <optional>

#include "scenarios/reader/schema.hpp"

namespace flotilla::sim {

struct SloSpec {
  std::optional<Seconds> ttft;
  std::optional<Seconds> tpot;
  std::optional<Seconds> e2el;
  double percentile = 99;
  static const reader::Schema<SloSpec>& schema();

  /// Is anything promised?
  [[nodiscard]] bool given() const { return ttft || tpot || e2el; }
};

}  // namespace flotilla::sim
