// KV that is kept beside GPU memory: stored when it has been computed, fetched when a prompt needs it again.
#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/engine/replica.hpp"

namespace flotilla::sim {

/// The whole blocks that it has computed and that have names go to every tier that lacks them. Nobody waits for that.
void Replica::store_in_tiers(RequestHandle handle, double now) {
  const std::vector<std::uint64_t>& names = pool_.text(handle).names;
  const auto to =
      std::min<std::int64_t>(pool_[handle].computed / spec_.block_size, static_cast<std::int64_t>(names.size()));
  Request& r = pool_[handle];
  if (to <= r.offloaded) return;
  r.offloaded = static_cast<std::int32_t>(to);
  const auto lacks = [&](const KvTier* tier) {
    return tier == nullptr ? 0 : std::max<std::int64_t>(0, to - tier->match(names));
  };
  const std::int64_t host = lacks(spec_.tiers.host.get()), remote = lacks(spec_.tiers.remote.get());
  if (host == 0 && remote == 0) return;
  books_.stored_tokens += std::max(host, remote) * spec_.block_size;
  spec_.tiers.mover->store(now, host * spec_.block_size, remote * spec_.block_size,
                           [this, life = lives_, names, to](double) {
                             if (spec_.tiers.remote) spec_.tiers.remote->store(names, to);
                             if (spec_.tiers.host && life == lives_) spec_.tiers.host->store(names, to);
                           });
}

void Replica::fetch_from_tiers(double now) {
  while (!batch_.waiting().empty() &&
         batch_.running() + static_cast<std::int64_t>(fetching_.size()) < spec_.max_num_seqs) {
    if (!fetch_first(now)) return;
  }
}

/// True if the first of the queue has stepped aside, and another is first.
bool Replica::fetch_first(double now) {
  batch_.look_up_first();
  const RequestHandle handle = batch_.waiting().front();
  Request& r = pool_[handle];
  if (r.fetching == Request::Fetching::kDone) return false;
  const std::vector<std::uint64_t>& names = pool_.text(handle).names;
  const std::int64_t most = (std::int64_t{r.input_tokens} + r.generated - 1) / spec_.block_size;
  const auto held = [&](const KvTier* tier) { return tier == nullptr ? 0 : std::min(most, tier->match(names)); };
  const std::int64_t here = r.found_tokens / spec_.block_size;
  const std::int64_t host = std::max(here, held(spec_.tiers.host.get()));
  const std::int64_t remote = std::max(host, held(spec_.tiers.remote.get()));
  if (remote == here) {
    r.fetching = Request::Fetching::kDone;
    return false;
  }
  r.fetching = Request::Fetching::kWanted;
  // Where its prompt has no room it cannot enter either.
  if (!planner_.first_waiting_prompt_fits()) return false;
  r.fetching = Request::Fetching::kDone;
  if (spec_.tiers.host) spec_.tiers.host->use(names, std::min(host, held(spec_.tiers.host.get())));
  if (spec_.tiers.remote) spec_.tiers.remote->use(names, held(spec_.tiers.remote.get()));
  if (state_ == State::kStretch) close_stretch();
  books_.fetched_from_host += (host - here) * spec_.block_size;
  books_.fetched_from_remote += (remote - host) * spec_.block_size;
  fetching_.push_back({batch_.step_aside(remote), remote});
  spec_.tiers.mover->fetch(now, (host - here) * spec_.block_size, (remote - host) * spec_.block_size,
                           [this, life = lives_, handle](double then) {
                             if (life != lives_) return;
                             const auto found = std::find_if(fetching_.begin(), fetching_.end(),
                                                             [&](const Fetch& f) { return f.handle == handle; });
                             fetched(static_cast<std::size_t>(found - fetching_.begin()), then);
                           });
  return true;
}

void Replica::fetched(std::size_t fetch, double now) {
  const Fetch f = fetching_[fetch];
  fetching_.erase(fetching_.begin() + static_cast<std::ptrdiff_t>(fetch));
  batch_.fetched(f.handle, f.to);
  if (pool_[f.handle].to_stop) {
    batch_.drop(f.handle, now);
    leave_unwanted(f.handle, now);
  }
  wake(now);
  // Steps that begin at this instant have begun.
  if (state_ == State::kStretch) end_jump_by(std::nextafter(now, std::numeric_limits<double>::infinity()));
}

}  // namespace flotilla::sim
