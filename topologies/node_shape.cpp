#include "topologies/node_shape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/property_map/transform_value_property_map.hpp>

namespace flotilla::topologies {
namespace {

/// Adds parts and links to a shape; remembers where each kind of part begins.
class Drawing {
 public:
  explicit Drawing(NodeShape& shape) : shape_(shape) {}

  std::size_t add_parts(VertexKind kind, int count) {
    const auto first = shape_.vertices.size();
    for (int i = 0; i < count; ++i) shape_.vertices.push_back({kind, fmt::format("{}{}", to_text(kind), i)});
    return first;
  }

  void add_link(LinkKind kind, const LinkSpec& spec, std::size_t from, std::size_t to) {
    shape_.links.push_back(
        {kind, from, to, spec.lanes.value, spec.bandwidth.value, spec.latency.value, source_of(spec), 0});
  }

 private:
  std::size_t source_of(const LinkSpec& spec) {
    const auto& text = spec.bandwidth.source;
    const auto found = std::find(shape_.sources.begin(), shape_.sources.end(), text);
    if (found == shape_.sources.end()) shape_.sources.push_back(text);
    return static_cast<std::size_t>(std::find(shape_.sources.begin(), shape_.sources.end(), text) -
                                    shape_.sources.begin());
  }

  NodeShape& shape_;
};

/// Which of `holders` the i-th of `count` parts hangs on: neighbours together, evenly.
std::size_t holder(std::size_t i, int count, int holders) { return i * as_index(holders) / as_index(count); }

//   GPU0..3          GPU4..7        NVLink leaves the node at every GPU, to the NVSwitches of its domain
//    |  |  ...        |  |
//   PCIe switches    PCIe switches  a GPU and its NIC under one switch (none: both on the CPU; with C2C only the NIC)
//    |  |  \          |  |  \ .
//    |  |   NIC0..3   |  |   NIC4..7
//   CPU0 ----------- CPU1           the CPUs in a row
void draw(NodeShape& shape) {
  const auto& s = shape.system;
  Drawing drawing(shape);
  const auto gpu0 = drawing.add_parts(VertexKind::kGpu, s.gpus.value);
  const auto cpu0 = drawing.add_parts(VertexKind::kCpu, s.cpus.value);
  const auto switch0 = drawing.add_parts(VertexKind::kPcieSwitch, s.pcie_switches.value);
  const auto nic0 = drawing.add_parts(VertexKind::kNic, s.nics.value);

  const auto pcie_host = [&](std::size_t i, int count) {
    return s.pcie_switches.value > 0 ? switch0 + holder(i, count, s.pcie_switches.value)
                                     : cpu0 + holder(i, count, s.cpus.value);
  };
  if (s.nvlink.present()) {
    for (std::size_t i = 0; i < as_index(s.gpus.value); ++i)
      drawing.add_link(LinkKind::kNvLink, s.nvlink, gpu0 + i, kNone);
  }
  for (std::size_t i = 0; i < as_index(s.gpus.value); ++i) {
    if (s.c2c.present()) {
      drawing.add_link(LinkKind::kC2c, s.c2c, gpu0 + i, cpu0 + holder(i, s.gpus.value, s.cpus.value));
    } else {
      drawing.add_link(LinkKind::kPcie, s.pcie, gpu0 + i, pcie_host(i, s.gpus.value));
    }
  }
  for (std::size_t i = 0; i < as_index(s.nics.value); ++i)
    drawing.add_link(LinkKind::kPcie, s.pcie, nic0 + i, pcie_host(i, s.nics.value));
  for (std::size_t i = 0; i < as_index(s.pcie_switches.value); ++i) {
    drawing.add_link(LinkKind::kPcie, s.pcie, switch0 + i, cpu0 + holder(i, s.pcie_switches.value, s.cpus.value));
  }
  for (std::size_t i = 1; i < as_index(s.cpus.value); ++i)
    drawing.add_link(LinkKind::kCpuLink, s.cpu_link, cpu0 + i - 1, cpu0 + i);
}

Graph graph_of(const NodeShape& shape) {
  Graph graph(shape.vertices.size());
  for (LinkId id = 0; id < shape.links.size(); ++id) {
    const auto& link = shape.links[id];
    if (link.to == kNone) continue;
    boost::add_edge(link.from, link.to, Edge{link.kind, link.lanes, link.bandwidth, link.latency, link.source, id},
                    graph);
  }
  return graph;
}

/// The hops from `from` to every vertex, by Dijkstra over latencies; a nanosecond per hop decides between equals.
std::vector<std::vector<Hop>> paths_from(const Graph& graph, std::size_t from) {
  constexpr double kPerHop = 1e-9;
  const auto count = boost::num_vertices(graph);
  std::vector<std::size_t> previous(count);
  std::vector<double> distance(count);
  const auto weight = boost::make_transform_value_property_map(
      [](Seconds latency) { return latency.value() + kPerHop; }, boost::get(&Edge::latency, graph));
  boost::dijkstra_shortest_paths(
      graph, from, boost::predecessor_map(previous.data()).distance_map(distance.data()).weight_map(weight));
  std::vector<std::vector<Hop>> paths(count);
  for (std::size_t to = 0; to < count; ++to) {
    for (auto v = to; v != from && previous[v] != v; v = previous[v]) {
      const auto edge = boost::edge(previous[v], v, graph).first;
      paths[to].push_back({graph[edge].link, false});
    }
    std::reverse(paths[to].begin(), paths[to].end());
  }
  return paths;
}

/// Marks the hops that run against their link, walking the path from its start.
void orient(const NodeShape& shape, std::size_t from, std::vector<Hop>& path) {
  for (auto& hop : path) {
    const auto& link = shape.links[hop.link];
    hop.reversed = link.from != from;
    from = hop.reversed ? link.from : link.to;
  }
}

void find_paths(NodeShape& shape) {
  const auto graph = graph_of(shape);
  for (std::size_t from = 0; from < shape.vertices.size(); ++from) {
    shape.paths.push_back(paths_from(graph, from));
    for (auto& path : shape.paths.back()) orient(shape, from, path);
  }
}

/// The CPU and the NIC of every part: the nearest; among NICs equally near, GPU i takes its share of them in order.
void find_homes(NodeShape& shape) {
  const auto& s = shape.system;
  const auto nearer = [&](std::size_t from, std::size_t a, std::size_t b) {
    constexpr double kRounding = 1e-12;
    double difference = 0;
    for (const auto& hop : shape.paths[from][a]) difference += shape.links[hop.link].latency.value();
    for (const auto& hop : shape.paths[from][b]) difference -= shape.links[hop.link].latency.value();
    return difference < -kRounding;
  };
  for (std::size_t v = 0; v < shape.vertices.size(); ++v) {
    std::size_t cpu = 0;
    for (std::size_t c = 1; c < as_index(s.cpus.value); ++c) {
      if (nearer(v, shape.first_cpu() + c, shape.first_cpu() + cpu)) cpu = c;
    }
    shape.numa.push_back(cpu);
    if (s.nics.value == 0) {
      shape.own_nic.push_back(kNone);
      continue;
    }
    auto nic = shape.first_nic() + (v < shape.first_cpu() ? holder(v, s.gpus.value, s.nics.value) : 0);
    for (auto other = shape.first_nic(); other < shape.vertices.size(); ++other) {
      if (nearer(v, other, nic)) nic = other;
    }
    shape.own_nic.push_back(nic);
  }
}

}  // namespace

std::shared_ptr<const NodeShape> make_node_shape(const System& system) {
  auto shape = std::make_shared<NodeShape>();
  shape->system = system;
  draw(*shape);
  find_paths(*shape);
  find_homes(*shape);
  return shape;
}

}  // namespace flotilla::topologies
