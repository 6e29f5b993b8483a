// The topology as text for people, and as a drawing for Graphviz.
#pragma once

#include <string>

#include "topologies/build.hpp"

namespace flotilla::topologies {

/// Everything below but the drawing, with a heading each, for `flotilla show topology`.
std::string describe(const Fleet& fleet);

/// How GPUs and NICs of a node reach each other, as `nvidia-smi topo -m` prints it: NV# (lanes of NVLink), PIX, PXB,
/// NODE, SYS, X.
std::string topology_matrix(const Fleet& fleet, std::size_t node);
/// One cell of that matrix, for two parts of the node.
std::string closeness(const NodeShape& shape, std::size_t from, std::size_t to);

/// Links by kind: how many, bandwidth per direction, latency, and the bandwidth's source.
std::string link_table(const Fleet& fleet);

/// Bandwidth between the halves of a node, of an NVLink domain and of the fleet, per direction.
std::string bisection_table(const Fleet& fleet);

/// Link by link from one GPU to another, with the bottleneck.
std::string path_text(const Fleet& fleet, GpuId from, GpuId to);

/// How many GPUs are how many links away from a GPU.
std::string hop_table(const Fleet& fleet, GpuId from);

/// The graph in Graphviz's DOT language.
std::string to_dot(const Fleet& fleet);

}  // namespace flotilla::topologies
