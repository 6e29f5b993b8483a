#include "topologies/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/graphviz.hpp>
#include <map>
#include <sstream>

#include "topologies/cut.hpp"
#include "topologies/route.hpp"

namespace flotilla::topologies {
namespace {

/// "450 GB/s", "1.8 TB/s"; "850 ns", "3.16 us".
std::string readable(BytesPerSecond bandwidth) {
  const double gigabytes = bandwidth.value() / 1e9;
  return gigabytes < 1000 ? fmt::format("{:.4g} GB/s", gigabytes) : fmt::format("{:.4g} TB/s", gigabytes / 1000);
}
std::string readable(Seconds latency) {
  const double nanoseconds = latency.value() * 1e9;
  return nanoseconds < 999.5 ? fmt::format("{:.4g} ns", nanoseconds) : fmt::format("{:.4g} us", nanoseconds / 1000);
}

std::string plural(std::size_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

/// "GPU3" for "gpu3".
std::string upper(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

std::string heading(const Fleet& fleet) {
  std::string text;
  for (const auto& pool : fleet.pools)
    text +=
        fmt::format("Pool '{}': {} of {} ({})\n", pool.name, plural(pool.gpus.size(), "GPU"), pool.system, pool.gpu);
  text +=
      fmt::format("{} in {}, {}; fabric {}: {}, {}\n", plural(fleet.gpus.size(), "GPU"),
                  plural(fleet.nodes.size(), "node"), plural(fleet.domains.size(), "NVLink domain"), fleet.fabric.name,
                  fleet.leaves.size() == 1 ? "1 leaf" : fmt::format("{} leaves", fleet.leaves.size()),
                  plural(fleet.spines.size(), "spine"));
  for (const auto& note : fleet.notes) text += note + "\n";
  return text;
}

/// A node of every shape is enough: all nodes of a pool are alike.
std::vector<std::size_t> one_node_of_each_pool(const Fleet& fleet) {
  std::vector<std::size_t> nodes;
  for (std::size_t n = 0; n < fleet.nodes.size(); ++n) {
    if (n == 0 || fleet.nodes[n].pool != fleet.nodes[n - 1].pool) nodes.push_back(n);
  }
  return nodes;
}

/// The GPUs a reader would ask about first: a neighbour, and the first and the second of the next domain.
std::vector<GpuId> telling_destinations(const Fleet& fleet) {
  std::vector<GpuId> gpus;
  if (fleet.gpus.size() > 1) gpus.push_back(1);
  if (fleet.domains.size() > 1) {
    const auto& node = fleet.nodes[fleet.domains[1].first_node];
    gpus.push_back(node.first_gpu);
    if (node.shape->first_cpu() > 1) gpus.push_back(node.first_gpu + 1);
  }
  return gpus;
}

}  // namespace

std::string closeness(const NodeShape& shape, std::size_t from, std::size_t to) {
  if (from == to) return "X";
  if (from < shape.first_cpu() && to < shape.first_cpu() && shape.system.nvlink.present()) {
    return fmt::format("NV{}", shape.system.nvlink.lanes.value);
  }
  int switches = 0;
  bool through_cpu = false;
  auto at = from;
  for (const auto& hop : shape.paths[from][to]) {
    const auto& link = shape.links[hop.link];
    if (link.kind == LinkKind::kCpuLink) return "SYS";
    at = hop.reversed ? link.from : link.to;
    if (at == to) break;
    through_cpu = through_cpu || shape.vertices[at].kind == VertexKind::kCpu;
    switches += shape.vertices[at].kind == VertexKind::kPcieSwitch ? 1 : 0;
  }
  if (through_cpu) return "NODE";
  return switches > 1 ? "PXB" : "PIX";
}

std::string topology_matrix(const Fleet& fleet, std::size_t node) {
  const auto& shape = *fleet.nodes[node].shape;
  std::vector<std::size_t> parts;
  for (std::size_t v = 0; v < shape.vertices.size(); ++v) {
    if (shape.vertices[v].kind == VertexKind::kGpu || shape.vertices[v].kind == VertexKind::kNic) parts.push_back(v);
  }
  std::string text = fmt::format("{:<6}", "");
  for (const auto column : parts) text += fmt::format("{:<6}", upper(shape.vertices[column].name));
  text += "NUMA\n";
  for (const auto row : parts) {
    text += fmt::format("{:<6}", upper(shape.vertices[row].name));
    for (const auto column : parts) text += fmt::format("{:<6}", closeness(shape, row, column));
    text += fmt::format("{}\n", shape.numa[row]);
  }
  return text;
}

std::string link_table(const Fleet& fleet) {
  using Key = std::tuple<LinkKind, double, double, int, std::string>;
  std::map<Key, std::size_t> counts;
  for (const auto& link : fleet.links) {
    ++counts[{link.kind, -link.bandwidth.value(), link.latency.value(), link.lanes, fleet.sources[link.source]}];
  }
  std::string text = fmt::format("{:<11}{:>7}{:>7}  {:<15}{:<10}{}\n", "kind", "count", "lanes", "per direction",
                                 "latency", "source of the bandwidth");
  for (const auto& [key, count] : counts) {
    const auto& [kind, bandwidth, latency, lanes, source] = key;
    text += fmt::format("{:<11}{:>7}{:>7}  {:<15}{:<10}{}\n", to_text(kind), count, lanes,
                        readable(BytesPerSecond(-bandwidth)), readable(Seconds(latency)),
                        source.empty() ? "the user" : source);
  }
  return text;
}

std::string bisection_table(const Fleet& fleet) {
  std::string text;
  for (const auto node : one_node_of_each_pool(fleet)) {
    const auto& shape = *fleet.nodes[node].shape;
    const auto& domain = fleet.domains[fleet.nodes[node].domain];
    if (domain.nodes > 1) {
      text += fmt::format("{:<24}{}\n", domain.name, readable(bisection_of_domain(fleet, fleet.nodes[node].domain)));
    }
    if (shape.first_cpu() > 1)
      text += fmt::format("{:<24}{}\n", fleet.nodes[node].name, readable(bisection_of_node(fleet, node)));
  }
  if (fleet.domains.size() > 1) text += fmt::format("{:<24}{}\n", "fleet", readable(bisection_of_fleet(fleet)));
  return text;
}

std::string path_text(const Fleet& fleet, GpuId from, GpuId to) {
  const auto start = fleet.gpus[from].vertex;
  const auto hops = route(fleet, start, fleet.gpus[to].vertex);
  const auto whole = facts(fleet, hops);
  std::string text = fmt::format("{} to {}: {}, {}", fleet.name(start), fleet.name(fleet.gpus[to].vertex),
                                 plural(hops.size(), "link"), readable(whole.latency));
  if (!hops.empty())
    text +=
        fmt::format(", {} per direction; bottleneck {}", readable(whole.bandwidth), fleet.link_name(whole.bottleneck));
  text += "\n";
  for (const auto& hop : hops) {
    const auto& link = fleet.links[hop.link];
    auto name = fleet.name(hop.reversed ? link.from : link.to);
    if (link.kind == LinkKind::kNvLink && !hop.reversed)
      name = fmt::format("the NVSwitches of {}", name.substr(0, name.rfind('/')));
    text += fmt::format("  {:<11}{:<11}{:<8}-> {}\n", to_text(link.kind), readable(link.bandwidth),
                        readable(link.latency), name);
  }
  return text;
}

std::string hop_table(const Fleet& fleet, GpuId from) {
  std::map<std::size_t, std::size_t> counts;
  for (const auto& gpu : fleet.gpus) {
    if (gpu.vertex != fleet.gpus[from].vertex) ++counts[route(fleet, fleet.gpus[from].vertex, gpu.vertex).size()];
  }
  std::string text;
  for (const auto& [links, gpus] : counts)
    text += fmt::format("{:<12}{}\n", plural(links, "link"), plural(gpus, "GPU"));
  return text;
}

std::string to_dot(const Fleet& fleet) {
  static const std::map<VertexKind, const char*> kLooks = {{VertexKind::kGpu, "box, style=filled, fillcolor=palegreen"},
                                                           {VertexKind::kNvSwitch, "hexagon"},
                                                           {VertexKind::kCpu, "box"},
                                                           {VertexKind::kPcieSwitch, "diamond"},
                                                           {VertexKind::kNic, "ellipse"},
                                                           {VertexKind::kLeaf, "trapezium"},
                                                           {VertexKind::kSpine, "trapezium"}};
  std::ostringstream out;
  boost::write_graphviz(
      out, fleet.graph,
      [&](std::ostream& o, VertexId v) {
        o << fmt::format("[label=\"{}\", shape={}]", fleet.name(v), kLooks.at(fleet.graph[v].kind));
      },
      [&](std::ostream& o, Graph::edge_descriptor e) {
        o << fmt::format("[label=\"{}\"]", readable(fleet.graph[e].bandwidth));
      },
      [](std::ostream& o) { o << "graph [overlap=false, splines=true];\n"; });
  return out.str();
}

std::string describe(const Fleet& fleet) {
  std::string text = heading(fleet);
  for (const auto node : one_node_of_each_pool(fleet))
    text += fmt::format("\n{}\n{}", fleet.nodes[node].name, topology_matrix(fleet, node));
  text +=
      "NV# = bonded NVLinks; PIX = one PCIe switch; PXB = several; NODE = through the CPU; SYS = through several CPUs; "
      "X = itself\n";
  text += "\nLinks\n" + link_table(fleet);
  text += "\nBandwidth between halves, per direction\n" + bisection_table(fleet);
  text +=
      fmt::format("\nDistance of the other GPUs from {}\n{}", fleet.name(fleet.gpus[0].vertex), hop_table(fleet, 0));
  text += "\nPaths\n";
  for (const auto gpu : telling_destinations(fleet)) text += path_text(fleet, 0, gpu);
  return text;
}

}  // namespace flotilla::topologies
