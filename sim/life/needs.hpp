// Which parts of the fleet a replica cannot do without.
#pragma once

#include <vector>

#include "sim/build.hpp"
#include "topologies/component.hpp"

namespace flotilla::sim {

struct Needs {
  std::vector<bool> vertices;  ///< by vertex: its GPUs
  std::vector<bool> links;     ///< by link: those between its GPUs, and to its NICs where it hands KV over the fabric
  std::vector<topologies::LinkId> to_start;  ///< and those by which its weights come

  [[nodiscard]] bool any_of(const topologies::Component& component) const;
};

/// Of replica `number` of a serving group.
Needs needs_of(const Build& build, std::size_t group, int number);

}  // namespace flotilla::sim
