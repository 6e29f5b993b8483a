// How a request comes to a replica: through the frontend, into the queue, and to the notice of the next plan.
#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/engine/replica.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {

void Replica::enqueue(RequestHandle handle, double now, bool after_steps) {
  ++books_.requests;
  spec_.pen.arrived(now);
  Request& r = pool_[handle];
  r.output_here = spec_.prefills_only ? r.carried + 1 : steps_of(r);
  // Who was at work when it lost its replica has been tokenized.
  if (r.scheduled >= 0) return take(handle, now, after_steps);
  const double delay = spec_.frontend.seconds(r.input_tokens);
  r.enqueued = now + delay;
  if (in_frontend_.empty()) {
    if (delay <= 0) return take(handle, now, after_steps);
    clock_.schedule(frontend_slot_, r.enqueued);
  } else {
    // One process tokenizes: a short prompt does not overtake a long one.
    r.enqueued = std::max(r.enqueued, pool_[in_frontend_.back()].enqueued);
  }
  in_frontend_.push_back(handle);
}

/// Time counts in steps that make a token of each sequence in the mean: one whose drafts are accepted more often needs
/// fewer of them for its answer.
std::int32_t Replica::steps_of(const Request& r) const {
  const models::Speculation& s = spec_.speculation;
  if (s.spread <= 0 || r.output_tokens < 2) return r.output_tokens;
  RandomEngine engine(mix_bits(spec_.speculation_seed ^ mix_bits(static_cast<std::uint64_t>(r.id))));
  // A beta distribution with this mean and variance, as a ratio of gammas.
  const double both = s.acceptance * (1 - s.acceptance) / (s.spread * s.spread) - 1;
  const double a = draw_gamma(engine, s.acceptance * both), b = draw_gamma(engine, (1 - s.acceptance) * both);
  const double ratio = s.tokens_per_step() / s.tokens_per_step(a + b > 0 ? a / (a + b) : s.acceptance);
  const std::int64_t room = spec_.kv_tokens() - r.input_tokens;
  const auto steps = static_cast<std::int64_t>(std::lround(1 + (r.output_tokens - 1) * ratio));
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(steps, 2, std::max<std::int64_t>(2, room)));
}

void Replica::pass_on(double now) {
  while (!in_frontend_.empty() && pool_[in_frontend_.front()].enqueued <= now) {
    const RequestHandle handle = in_frontend_.front();
    in_frontend_.pop_front();
    take(handle, now, false);
  }
  if (!in_frontend_.empty()) clock_.schedule(frontend_slot_, pool_[in_frontend_.front()].enqueued);
}

void Replica::take(RequestHandle handle, double now, bool after_steps) {
  const RequestHandle first = batch_.waiting().empty() ? kNoRequest : batch_.waiting().front();
  batch_.enqueue(handle);
  latest_enqueued_ = std::max(latest_enqueued_, pool_[handle].enqueued);  // one that lost its replica came long ago
  const bool may_be_first = batch_.waiting().front() != first || batch_.waiting().chooses_anew();
  if (spec_.story != nullptr && spec_.story->is_about(pool_[handle])) tell_arrival(handle, now);
  if (spec_.listener != nullptr)
    spec_.listener->waiting(spec_.number, now, static_cast<std::int64_t>(batch_.waiting().size()));
  if (state_ == State::kIdle) {
    clock_.schedule(slot_, now);
  } else if (state_ == State::kStretch && (may_be_first || planner_.waiting())) {
    end_jump_by(after_steps ? std::nextafter(now, std::numeric_limits<double>::infinity()) : now);
  }
}

/// A jump ends at the first boundary at which a newcomer can be seen.
void Replica::end_jump_by(double date) {
  const std::int64_t k = stretch_.first_boundary_from(date, stretch_.steps + 1);
  if (k >= target_steps_) return;
  target_steps_ = k;
  clock_.schedule(slot_, stretch_.boundary(k));
}

}  // namespace flotilla::sim
