#include "topologies/graph.hpp"

namespace flotilla::topologies {

std::string_view to_text(VertexKind kind) {
  switch (kind) {
    case VertexKind::kGpu:
      return "gpu";
    case VertexKind::kNvSwitch:
      return "nvswitch";
    case VertexKind::kCpu:
      return "cpu";
    case VertexKind::kPcieSwitch:
      return "pcie";
    case VertexKind::kNic:
      return "nic";
    case VertexKind::kLeaf:
      return "leaf";
    case VertexKind::kSpine:
      return "spine";
  }
  return "";
}

std::string_view to_text(LinkKind kind) {
  switch (kind) {
    case LinkKind::kNvLink:
      return "nvlink";
    case LinkKind::kC2c:
      return "c2c";
    case LinkKind::kPcie:
      return "pcie";
    case LinkKind::kCpuLink:
      return "cpu_link";
    case LinkKind::kNicLink:
      return "nic_link";
    case LinkKind::kSpineLink:
      return "spine_link";
  }
  return "";
}

}  // namespace flotilla::topologies
