#include "topologies/spec.hpp"

#include <fmt/format.h>

#include <cmath>

namespace flotilla::topologies {
namespace {

constexpr double kMostParts = 4096;  ///< of one kind in a node: far above any machine, far below what exhausts memory

reader::KeyRules part_count(double least = 0) { return {.min = least, .max = kMostParts}; }

void check_nvlink(const System& system, const reader::Node& node) {
  if (system.nvlink.present() && system.nvswitches.value == 0) {
    node.fail_for("nvlink", "NVLink without NVSwitches",
                  "GPUs wired to each other directly are not modelled: give 'nvswitches'");
  }
  if (system.nvlink.present() && system.nvlink.lanes.value < system.nvswitches.value) {
    node.fail_for(
        "nvswitches",
        fmt::format("{} NVSwitches, but a GPU has {} NVLinks", system.nvswitches.value, system.nvlink.lanes.value),
        "every GPU has a link to every NVSwitch of its domain");
  }
  if (system.nodes.value > 1 && !system.nvlink.present()) {
    node.fail_for("nodes", "several nodes share an NVLink domain, but there is no 'nvlink'");
  }
}

void check_system(const System& system, const reader::Node& node) {
  check_nvlink(system, node);
  if (!system.pcie.present() && (system.nics.value > 0 || !system.c2c.present())) {
    node.fail("'pcie' is missing",
              "it links NICs, and GPUs without 'c2c', to the CPUs: pcie: {bandwidth: 63GBps, latency: 250ns}");
  }
  if (system.cpus.value > 1 && !system.cpu_link.present()) {
    node.fail_for("cpus", "several CPUs without a 'cpu_link'", "cpu_link: {bandwidth: 150GBps, latency: 50ns}");
  }
  if (system.nics.value > 0 && system.nic_bandwidth.value.value() <= 0) {
    node.fail_for("nics", "NICs without 'nic_bandwidth'", "nic_bandwidth: 400Gbps");
  }
}

void check_fabric(const FabricSpec& fabric, const reader::Node& node) {
  if (fabric.uplinks_per_leaf() < 1) {
    node.fail_for("oversubscription",
                  fmt::format("a leaf of {} ports has no port left for a spine", fabric.leaf_ports.value),
                  "fewer times oversubscribed, or more leaf_ports");
  }
  for (const auto& [key, link] : {std::pair{"nic_link", &fabric.nic_link}, {"spine_link", &fabric.spine_link}}) {
    if (!link->present())
      node.fail_for(key, fmt::format("'{}' has no bandwidth", key), "{bandwidth: 400Gbps, latency: 850ns}");
  }
  if (fabric.spines.value_or(1) > fabric.uplinks_per_leaf()) {
    node.fail_for("spines",
                  fmt::format("{} spines, but a leaf has {} uplinks", *fabric.spines, fabric.uplinks_per_leaf()),
                  "every leaf has a link to every spine");
  }
}

}  // namespace

const reader::Schema<LinkSpec>& LinkSpec::schema() {
  static const auto s =
      reader::Schema<LinkSpec>("link", "One kind of link")
          .key("lanes", &LinkSpec::lanes, "parallel lanes or links", part_count(1))
          .key("bandwidth", &LinkSpec::bandwidth, "per direction, all lanes together", {.min = 0, .above_min = true})
          .key("latency", &LinkSpec::latency, "of one traversal, with its share of the switches", {.min = 0});
  return s;
}

const reader::Schema<SystemPower>& SystemPower::schema() {
  static const auto s =
      reader::Schema<SystemPower>("system_power", "What a node draws at the wall")
          .key("like", &SystemPower::like, "the system these figures are of, where this one was not measured")
          .key("idle", &SystemPower::idle, "of a node, all of it, with idle GPUs; nothing = as hgx-h100, by GPUs",
               {.min = 0})
          .key("per_gpu_watt", &SystemPower::per_gpu_watt,
               "watts at the wall for each watt that a GPU draws above idle: fans, CPUs, losses", {.min = 1, .max = 3})
          .key("provisioned", &SystemPower::provisioned, "what a data centre sets aside for each GPU, all in",
               {.min = 0})
          .key("gpus_per_rack", &SystemPower::gpus_per_rack, "GPUs in a rack", part_count(1));
  return s;
}

const reader::Schema<System>& System::schema() {
  static const auto s =
      reader::Schema<System>("system", "A node and its parts: counts are per node, bandwidths per direction")
          .key("name", &System::name, "name in scenarios", {.required = true})
          .key("title", &System::title, "name for people")
          .key("like", &System::like, "a catalogue system whose values hold where this file says nothing",
               {.choices = system_names})
          .key("aliases", &System::aliases, "other names")
          .key("gpu", &System::gpu, "name in the GPU catalogue")
          .key("nodes", &System::nodes, "nodes that share one NVLink domain", part_count(1))
          .key("gpus", &System::gpus, "GPUs", part_count())
          .key("nvswitches", &System::nvswitches, "NVSwitch chips of the NVLink domain", part_count())
          .key("cpus", &System::cpus, "CPU sockets", part_count(1))
          .key("pcie_switches", &System::pcie_switches, "PCIe switches; 0 = GPUs and NICs hang on the CPUs",
               part_count())
          .key("nics", &System::nics, "network cards of the compute fabric", part_count())
          .key("nic_bandwidth", &System::nic_bandwidth, "of one card", {.min = 0})
          .key("nvlink", &System::nvlink, "NVLinks of one GPU, striped over the NVSwitches")
          .key("c2c", &System::c2c, "GPU to CPU, where that is not PCIe")
          .key("pcie", &System::pcie, "a PCIe link of a GPU, a NIC or a PCIe switch")
          .key("cpu_link", &System::cpu_link, "between neighbouring CPUs")
          .key("power", &System::power, "what a node draws at the wall")
          .check(check_system);
  return s;
}

const reader::Schema<FabricSpec>& FabricSpec::schema() {
  static const auto s =
      reader::Schema<FabricSpec>("fabric", "A leaf-spine network between nodes")
          .key("name", &FabricSpec::name, "name in scenarios")
          .key("title", &FabricSpec::title, "name for people")
          .key("like", &FabricSpec::like, "a catalogue fabric whose values hold where this one says nothing",
               {.choices = fabric_names})
          .key("rails", &FabricSpec::rails, "groups of leaves: NIC i of a node hangs on rail i modulo rails",
               part_count(1))
          .key("leaf_ports", &FabricSpec::leaf_ports, "ports of a leaf switch, up and down", part_count(2))
          .key("spine_ports", &FabricSpec::spine_ports, "ports of a spine switch", part_count(1))
          .key("oversubscription", &FabricSpec::oversubscription,
               "downlinks' bandwidth over uplinks' bandwidth of a leaf", {.min = 1, .max = kMostParts})
          .key("spines", &FabricSpec::spines, "spine switches",
               {.min = 1, .max = kMostParts, .default_text = "as many as the uplinks fill"})
          .key("nic_link", &FabricSpec::nic_link, "cable from a NIC to its leaf")
          .key("spine_link", &FabricSpec::spine_link, "cable from a leaf to a spine")
          .key("port_power", &FabricSpec::port_power, "what a switch draws for each of its ports in use", {.min = 0})
          .check(check_fabric);
  return s;
}

// A leaf's p ports split so that downlinks = r x uplinks, both of one speed: u = p / (1 + r).
int FabricSpec::uplinks_per_leaf() const { return static_cast<int>(leaf_ports.value / (1 + oversubscription.value)); }

int FabricSpec::downlinks_per_leaf() const {
  return static_cast<int>(std::floor(uplinks_per_leaf() * oversubscription.value));
}

}  // namespace flotilla::topologies
