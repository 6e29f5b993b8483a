// What a user can say of hardware: a system (what one node holds and how its parts are linked) and a fabric (what links
// the nodes). Both come from the catalogue by name, or from the user's own YAML.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "topologies/sourced.hpp"

namespace flotilla::topologies {

/// One kind of link. Bandwidth is per direction, over all lanes; latency is one traversal with its share of the
/// switches.
struct LinkSpec {
  Sourced<int> lanes{1, ""};
  Sourced<BytesPerSecond> bandwidth;
  Sourced<Seconds> latency;
  [[nodiscard]] bool present() const { return bandwidth.value.value() > 0; }
  static const reader::Schema<LinkSpec>& schema();
};

/// What a node draws at the wall. `idle` is all of it with its GPUs idle; every watt of a GPU above its idle power
/// costs per_gpu_watt there: fans, CPUs and losses of power supplies grow with it.
struct SystemPower {
  std::string like;  ///< the system these figures were measured on, where nobody measured this one
  Sourced<Watts> idle;
  Sourced<double> per_gpu_watt{1, ""};
  Sourced<Watts> provisioned;  ///< what a data centre sets aside for each GPU, all in
  Sourced<int> gpus_per_rack{8, ""};
  [[nodiscard]] bool known() const { return idle.value.value() > 0; }
  static const reader::Schema<SystemPower>& schema();
};

/// Counts are per node, except `nvswitches` (per NVLink domain) and `nodes` (that share one NVLink domain: 18 trays of
/// an NVL72).
struct System {
  std::string name;
  std::string title;
  std::string like;  ///< a catalogue system whose values hold where this file says nothing
  std::vector<std::string> aliases;
  std::string gpu;  ///< name in the GPU catalogue; nothing more is known of it here
  Sourced<int> nodes{1, ""};
  Sourced<int> gpus;
  Sourced<int> nvswitches;
  Sourced<int> cpus{1, ""};
  Sourced<int> pcie_switches;  ///< 0 = GPUs and NICs hang on the CPUs
  Sourced<int> nics;
  Sourced<BytesPerSecond> nic_bandwidth;
  LinkSpec nvlink;  ///< of one GPU, over all its lanes
  LinkSpec c2c;     ///< GPU to CPU; absent = by PCIe
  LinkSpec pcie;
  LinkSpec cpu_link;  ///< between neighbouring CPUs of a node
  SystemPower power;

  [[nodiscard]] int gpus_per_domain() const { return nodes.value * gpus.value; }
  static const reader::Schema<System>& schema();
};

/// A leaf-spine network. NIC i of a node hangs on a leaf of rail i modulo `rails`.
struct FabricSpec {
  std::string name;
  std::string title;
  std::string like;  ///< a catalogue fabric whose values hold where this one says nothing
  Sourced<int> rails{1, ""};
  Sourced<int> leaf_ports;
  Sourced<int> spine_ports;
  Sourced<double> oversubscription{1, ""};  ///< bandwidth of a leaf's downlinks over that of its uplinks
  std::optional<int> spines;                ///< default: as many as the uplinks fill
  LinkSpec nic_link;
  LinkSpec spine_link;
  Sourced<Watts> port_power;  ///< of a switch, for each of its ports in use

  [[nodiscard]] int uplinks_per_leaf() const;
  [[nodiscard]] int downlinks_per_leaf() const;
  static const reader::Schema<FabricSpec>& schema();
};

std::vector<std::string> system_names();  ///< of the catalogue, sorted
std::vector<std::string> fabric_names();

/// A catalogue name, one of its aliases, or the path of a YAML file (relative to the file it is named in). Throws
/// InputError.
System load_system(const std::string& name_or_path);
System load_system(const reader::Node& name_or_path);
FabricSpec load_fabric(const std::string& name_or_path);
/// A name or path, or a mapping of the fabric's own keys over those of `like` (default ib-ndr-rail).
FabricSpec load_fabric(const reader::Node& node);

}  // namespace flotilla::topologies
