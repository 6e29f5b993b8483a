#include "topologies/cut.hpp"

#include <boost/graph/push_relabel_max_flow.hpp>
#include <cstdint>

namespace flotilla::topologies {
namespace {

struct Arc;
using FlowTraits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
struct Arc {
  std::int64_t capacity = 0;  ///< bytes/s
  std::int64_t residual = 0;
  FlowTraits::edge_descriptor reverse;
};
using FlowGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Arc>;

constexpr std::int64_t kUnlimited = std::int64_t{1}
                                    << 60;  ///< far above any fleet's bandwidth; shared out, sums do not overflow

/// One direction of a link: push_relabel needs its reverse to have no capacity of its own.
void add_arc(FlowGraph& graph, VertexId from, VertexId to, std::int64_t capacity) {
  const auto there = boost::add_edge(from, to, Arc{capacity, 0, {}}, graph).first;
  const auto back = boost::add_edge(to, from, Arc{0, 0, {}}, graph).first;
  graph[there].reverse = back;
  graph[back].reverse = there;
}

/// GPUs of nodes [first, first + count).
std::vector<VertexId> gpus_of(const Fleet& fleet, std::size_t first, std::size_t count) {
  std::vector<VertexId> gpus;
  for (auto n = first; n < first + count; ++n) {
    for (VertexId g = 0; g < fleet.nodes[n].shape->first_cpu(); ++g) gpus.push_back(fleet.nodes[n].first_vertex + g);
  }
  return gpus;
}

bool inside_a_node(LinkKind kind) {
  return kind == LinkKind::kPcie || kind == LinkKind::kC2c || kind == LinkKind::kCpuLink;
}

BytesPerSecond halves(const Fleet& fleet, const std::vector<VertexId>& gpus, bool nvlink) {
  const auto middle = gpus.begin() + static_cast<std::ptrdiff_t>(gpus.size() / 2);
  return cut_bandwidth(fleet, {gpus.begin(), middle}, {middle, gpus.end()},
                       [nvlink](LinkKind kind) { return nvlink ? kind == LinkKind::kNvLink : inside_a_node(kind); });
}

}  // namespace

BytesPerSecond cut_bandwidth(const Fleet& fleet, const std::vector<VertexId>& left, const std::vector<VertexId>& right,
                             const std::function<bool(LinkKind)>& over) {
  if (left.empty() || right.empty()) return BytesPerSecond(0);
  const auto vertices = boost::num_vertices(fleet.graph);
  const VertexId source = vertices;
  const VertexId sink = vertices + 1;
  FlowGraph graph(vertices + 2);
  for (const auto edge : boost::make_iterator_range(boost::edges(fleet.graph))) {
    const auto& wire = fleet.graph[edge];
    if (!over(wire.kind)) continue;
    const auto capacity = static_cast<std::int64_t>(wire.bandwidth.value());
    add_arc(graph, boost::source(edge, fleet.graph), boost::target(edge, fleet.graph), capacity);
    add_arc(graph, boost::target(edge, fleet.graph), boost::source(edge, fleet.graph), capacity);
  }
  const auto plenty = kUnlimited / static_cast<std::int64_t>(vertices);
  for (const auto v : left) add_arc(graph, source, v, plenty);
  for (const auto v : right) add_arc(graph, v, sink, plenty);
  const auto flow = boost::push_relabel_max_flow(graph, source, sink, boost::get(&Arc::capacity, graph),
                                                 boost::get(&Arc::residual, graph), boost::get(&Arc::reverse, graph),
                                                 boost::get(boost::vertex_index, graph));
  return BytesPerSecond(static_cast<double>(flow));
}

BytesPerSecond bisection_of_node(const Fleet& fleet, std::size_t node) {
  return halves(fleet, gpus_of(fleet, node, 1), fleet.nodes[node].shape->system.nvlink.present());
}

BytesPerSecond bisection_of_domain(const Fleet& fleet, std::size_t domain) {
  const auto& d = fleet.domains[domain];
  return halves(fleet, gpus_of(fleet, d.first_node, d.nodes), !d.nvswitches.empty());
}

BytesPerSecond bisection_of_fleet(const Fleet& fleet) {
  const auto middle = fleet.domains[fleet.domains.size() / 2].first_node;
  return cut_bandwidth(fleet, gpus_of(fleet, 0, middle), gpus_of(fleet, middle, fleet.nodes.size() - middle),
                       [](LinkKind kind) { return kind != LinkKind::kNvLink; });
}

}  // namespace flotilla::topologies
