#include "sim/engine/admission.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::sim {

namespace {

double tokens_of(const Request& r) { return static_cast<double>(r.input_tokens) + r.output_tokens; }

/// Sums of what was refilled bit by bit: a bucket that lacks less than this is full enough.
constexpr double kSlack = 1e-9;

}  // namespace

AdmissionControl::AdmissionControl(const std::vector<GateLimit>& limits) {
  for (const GateLimit& limit : limits) {
    Gate gate{limit, 0, 0, {}, {}};
    gate.requests = {limit.requests_per_second, limit.burst, limit.burst, 0};
    gate.budget = {limit.tokens_per_minute / 60, limit.tokens_per_minute, limit.tokens_per_minute, 0};
    gates_.push_back(gate);
  }
}

void AdmissionControl::Bucket::fill(double now) {
  if (std::isfinite(rate)) level = std::min(size, level + rate * (now - at));
  at = now;
}

bool AdmissionControl::admit(const Request& r, double now) {
  const double tokens = tokens_of(r);
  for (Gate& gate : gates_) {
    if (!concerns(gate, r)) continue;
    gate.requests.fill(now);
    gate.budget.fill(now);
    const GateLimit& limit = gate.limit;
    const bool room =
        gate.outstanding + 1 <= limit.max_outstanding && gate.tokens + tokens <= limit.max_outstanding_tokens;
    const bool slow = !std::isfinite(limit.requests_per_second) || gate.requests.level + kSlack >= 1;
    const bool small = !std::isfinite(limit.tokens_per_minute) || gate.budget.level + kSlack >= tokens;
    if (!room || !slow || !small) return false;
  }
  for (Gate& gate : gates_) {
    if (!concerns(gate, r)) continue;
    ++gate.outstanding;
    gate.tokens += tokens;
    if (std::isfinite(gate.limit.requests_per_second)) gate.requests.level -= 1;
    if (std::isfinite(gate.limit.tokens_per_minute)) gate.budget.level -= tokens;
  }
  return true;
}

void AdmissionControl::left(const Request& r) {
  for (Gate& gate : gates_) {
    if (!concerns(gate, r)) continue;
    --gate.outstanding;
    gate.tokens -= tokens_of(r);
  }
}

}  // namespace flotilla::sim
