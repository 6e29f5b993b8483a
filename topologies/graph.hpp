// What is wired to what, as a Boost.Graph: vertices are chips and switches, edges the links between them.
#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "scenarios/reader/units.hpp"

namespace flotilla::topologies {

enum class VertexKind { kGpu, kNvSwitch, kCpu, kPcieSwitch, kNic, kLeaf, kSpine };
enum class LinkKind { kNvLink, kC2c, kPcie, kCpuLink, kNicLink, kSpineLink };

inline constexpr LinkKind kLinkKinds[] = {LinkKind::kNvLink,  LinkKind::kC2c,     LinkKind::kPcie,
                                          LinkKind::kCpuLink, LinkKind::kNicLink, LinkKind::kSpineLink};

std::string_view to_text(VertexKind);  ///< "gpu", "nvswitch", "cpu", "pcie", "nic", "leaf", "spine"
std::string_view to_text(LinkKind);    ///< "nvlink", "c2c", "pcie", "cpu_link", "nic_link", "spine_link"

using VertexId = std::size_t;  ///< index into the graph's vertices
using LinkId = std::size_t;    ///< index into Fleet::links
using GpuId = std::size_t;     ///< index into Fleet::gpus
inline constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

/// Counts in YAML are ints, which read well and can be checked; containers count in std::size_t.
constexpr std::size_t as_index(int count) { return static_cast<std::size_t>(count); }

struct Vertex {
  VertexKind kind = VertexKind::kGpu;
  std::string name;  ///< "chat/node0/gpu3", "chat/rack0/node2/gpu1", "fabric/rail3/leaf0"
};

/// Bandwidth per direction, all lanes together.
struct Edge {
  LinkKind kind = LinkKind::kNvLink;
  int lanes = 1;
  BytesPerSecond bandwidth{0};
  Seconds latency{0};
  std::size_t source = kNone;  ///< index into Fleet::sources
  LinkId link = kNone;
};

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, Vertex, Edge>;

/// What flows share: one edge, or the edges over which hardware stripes every transfer (a GPU's NVLinks to all its
/// NVSwitches, which themselves do not block, so that only the GPUs' ports can be the bottleneck). Each direction has
/// the whole bandwidth.
struct Link {
  LinkKind kind = LinkKind::kNvLink;
  VertexId from = kNone;
  VertexId to = kNone;  ///< for NVLink the first NVSwitch of the domain
  int lanes = 1;
  BytesPerSecond bandwidth{0};
  Seconds latency{0};
  std::size_t source = kNone;
  int cable = 0;  ///< among parallel links between the same two switches
};

/// A link in one direction: from `from` to `to`, or reversed.
struct Hop {
  LinkId link = kNone;
  bool reversed = false;
  bool operator==(const Hop&) const = default;
};

}  // namespace flotilla::topologies
