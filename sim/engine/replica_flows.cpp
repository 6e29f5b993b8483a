// Steps of a replica whose collectives are flows: the network says when they are over.
#include <algorithm>

#include "sim/engine/replica.hpp"

namespace flotilla::sim {

/// The step that begins would take so many seconds, so much of it in communication: it is over when its flows are here.
void Replica::send_collectives(double now, double seconds, double communication, const models::MixedBatch& batch) {
  undisturbed_end_ = now + seconds;
  const models::CollectiveLoad load = spec_.cost->collectives(batch);
  const double moving = std::max(0.0, communication - load.latency);
  spec_.collectives->send(now + (seconds - moving), moving, load, [this, life = lives_](double then) {
    if (life == lives_) clock_.schedule(slot_, then);
  });
}

/// The step whose collectives have arrived took longer than it would have alone.
void Replica::add_network_wait(double now) {
  const double wait = now - undisturbed_end_;
  if (state_ == State::kStretch) {
    stretch_.wait_for_network(wait);
  } else if (state_ == State::kMixedStep) {
    books_.busy.communication += wait;
    mixed_times_.communication += wait;
    tell_mixed_step(now, mixed_times_);
  }
}

}  // namespace flotilla::sim
