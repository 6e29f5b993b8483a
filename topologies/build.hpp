// The whole fleet as one graph: pools of nodes, their NVLink domains, and the fabric between them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "topologies/graph.hpp"
#include "topologies/node_shape.hpp"
#include "topologies/spec.hpp"

namespace flotilla::topologies {

/// `gpus` is what the pool may use; it gets whole nodes, and the last one may be used in part. Of a system without GPUs
/// (storage servers) it is the number of nodes.
struct PoolRequest {
  std::string name;
  System system;
  int gpus = 0;
};

struct Gpu {
  VertexId vertex = kNone;
  std::size_t node = kNone;
};

/// A NIC's cable to its leaf.
struct NicPort {
  LinkId link = kNone;
  std::size_t leaf = kNone;
};

/// A server or compute tray. Its parts are the shape's, from `first_vertex` and `first_link` on.
struct Node {
  std::string name;  ///< "chat/node0"; in a rack of one NVLink domain "chat/rack0/node2"
  std::shared_ptr<const NodeShape> shape;
  std::size_t pool = 0;
  std::size_t domain = 0;
  VertexId first_vertex = 0;
  LinkId first_link = 0;
  GpuId first_gpu = 0;
  std::vector<NicPort> nic_ports;
};

/// GPUs that reach each other by NVLink (or, without NVLink, the GPUs of one node).
struct Domain {
  std::string name;
  std::size_t first_node = 0;
  std::size_t nodes = 0;
  std::vector<VertexId> nvswitches;
};

struct Leaf {
  VertexId vertex = kNone;
  int rail = 0;
  std::vector<LinkId> uplinks;  ///< the u-th goes to spine u modulo the number of spines
};

struct Pool {
  std::string name;
  std::string system;
  std::string gpu;          ///< name in the GPU catalogue
  std::vector<GpuId> gpus;  ///< those the pool may use, in the order of nodes
};

/// Plain data; copies are independent of each other.
struct Fleet {
  Graph graph;
  std::vector<Link> links;
  std::vector<std::string> sources;
  std::vector<Gpu> gpus;  ///< of all nodes, used or not
  std::vector<Node> nodes;
  std::vector<std::size_t> node_of_vertex;  ///< kNone for switches outside the nodes
  std::vector<Domain> domains;
  std::vector<Pool> pools;
  std::vector<Leaf> leaves;
  std::vector<VertexId> spines;
  FabricSpec fabric;
  std::vector<std::string> notes;  ///< whole sentences for the user: what is used in part, what is simplified

  [[nodiscard]] const Pool& pool(const std::string& name) const;  ///< throws std::out_of_range
  [[nodiscard]] const std::string& name(VertexId vertex) const { return graph[vertex].name; }
  [[nodiscard]] std::string link_name(LinkId link) const;  ///< "chat/node0/gpu3--chat/node0/nvswitch0"; unique
  [[nodiscard]] std::size_t local(VertexId vertex) const;  ///< index of a node's vertex within its node
};

/// Throws std::invalid_argument for a pool without GPUs, or for two pools of one name.
Fleet build_fleet(const std::vector<PoolRequest>& pools, const FabricSpec& fabric);

}  // namespace flotilla::topologies
