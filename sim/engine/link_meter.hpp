// What the links carried: bytes over the whole run, and in the busiest second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "topologies/graph.hpp"

namespace flotilla::sim {

/// Of one link in its busier direction.
struct LinkFacts {
  topologies::LinkId link = topologies::kNone;
  bool reversed = false;
  double bytes = 0;                 ///< in both directions
  double busier_bytes = 0;          ///< in the busier one
  double busiest_second_bytes = 0;  ///< in the busier direction's busiest second (of those that begin at whole seconds)
};

class LinkMeter {
 public:
  explicit LinkMeter(std::size_t links) : uses_(2 * links) {}

  /// `pools`: a bit for each that has a part in it.
  void moved(std::span<const topologies::Hop> hops, double bytes, std::uint64_t pools = 0) {
    for (const topologies::Hop& hop : hops) moved(hop, bytes, pools);
  }
  /// A link in one direction, what it carried in a second, and the pools that had a part in it.
  using Seen = std::function<void(topologies::LinkId link, double bytes, std::uint64_t pools)>;
  /// The second that is measured is over; a new one begins. Tells of each link that carried something.
  void close_second(const Seen& seen = {});
  /// Links that carried something, in the order of their numbers. Closes the second.
  [[nodiscard]] std::vector<LinkFacts> facts();

 private:
  struct Use {
    double bytes = 0;
    double this_second = 0;
    double busiest_second = 0;
    std::uint64_t pools = 0;  ///< of this second
  };
  void moved(topologies::Hop hop, double bytes, std::uint64_t pools);

  std::vector<Use> uses_;             ///< by link and direction
  std::vector<std::size_t> touched_;  ///< in this second
};

}  // namespace flotilla::sim
