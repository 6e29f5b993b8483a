#include "sim/engine/link_meter.hpp"

#include <algorithm>
#include <utility>

namespace flotilla::sim {

void LinkMeter::moved(topologies::Hop hop, double bytes, std::uint64_t pools) {
  const std::size_t index = 2 * hop.link + (hop.reversed ? 1 : 0);
  Use& use = uses_[index];
  if (use.this_second == 0) touched_.push_back(index);
  use.bytes += bytes;
  use.this_second += bytes;
  use.pools |= pools;
}

void LinkMeter::close_second(const Seen& seen) {
  for (const std::size_t index : touched_) {
    Use& use = uses_[index];
    if (seen) seen(index / 2, use.this_second, use.pools);
    use.pools = 0;
    use.busiest_second = std::max(use.busiest_second, std::exchange(use.this_second, 0));
  }
  touched_.clear();
}

std::vector<LinkFacts> LinkMeter::facts() {
  close_second();
  std::vector<LinkFacts> facts;
  for (std::size_t link = 0; 2 * link < uses_.size(); ++link) {
    const Use& out = uses_[2 * link];
    const Use& back = uses_[2 * link + 1];
    if (out.bytes + back.bytes == 0) continue;
    const bool reversed = back.bytes > out.bytes;
    const Use& busier = reversed ? back : out;
    facts.push_back(
        {link, reversed, out.bytes + back.bytes, busier.bytes, std::max(out.busiest_second, back.busiest_second)});
  }
  return facts;
}

}  // namespace flotilla::sim
