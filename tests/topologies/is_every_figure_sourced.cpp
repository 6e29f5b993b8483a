// The catalogue's figures: what the datasheets say, each with its source; and what a user may write instead.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scenarios/reader/embedded.hpp"
#include "topologies/spec.hpp"

using namespace flotilla;
using namespace flotilla::topologies;

namespace {

System system_from(const std::string& yaml) {
  const auto path = (std::filesystem::temp_directory_path() / "flotilla_test_system.yaml").string();
  std::ofstream(path) << yaml;
  return load_system(path);
}

FabricSpec fabric_from(const std::string& yaml) {
  return load_fabric(reader::Document::from_text("fabric: " + yaml, "scenario.yaml").root().at("fabric"));
}

std::string mistake_in(const std::string& yaml) {
  try {
    system_from(yaml);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("every number in the catalogue stands beside its source") {
  for (const auto& [folder, names] : {std::pair{"systems", system_names()}, {"fabrics", fabric_names()}}) {
    REQUIRE(!names.empty());
    for (const auto& name : names) {
      CAPTURE(name);
      const std::string text(
          reader::embedded_file(std::string("topologies/catalog/") + folder + "/" + name + ".yaml").value());
      // A number is written {value: ..., source: "..."}: as many sources as values, and no digit after a bare "key: ".
      for (std::size_t at = 0; (at = text.find("value:", at)) != std::string::npos; ++at) {
        CHECK(text.substr(at, text.find('\n', at) - at).find("source: \"") != std::string::npos);
      }
      for (std::size_t at = 0; (at = text.find(": ", at)) != std::string::npos; ++at) {
        const bool after_value = at >= 5 && text.substr(at - 5, 5) == "value";
        const bool in_quotes = std::count(text.begin() + static_cast<std::ptrdiff_t>(text.rfind('\n', at) + 1),
                                          text.begin() + static_cast<std::ptrdiff_t>(at), '"') %
                                   2 ==
                               1;
        CHECK((after_value || in_quotes || text[text.rfind('\n', at) + 1] == '#' || std::isdigit(text[at + 2]) == 0));
      }
    }
  }
}

TEST_CASE("systems are what their datasheets say") {
  const auto h100 = load_system("hgx-h100");
  CHECK(h100.gpu == "h100-sxm");
  CHECK(h100.gpus.value == 8);
  CHECK(h100.nvswitches.value == 4);
  CHECK(h100.nvlink.bandwidth.value == BytesPerSecond(450e9));  // 900 GB/s both ways
  CHECK(h100.nic_bandwidth.value == BytesPerSecond(50e9));      // 400 Gb/s
  CHECK(load_system("hgx-h200").gpu == "h200-sxm");
  const auto b200 = load_system("hgx-b200");
  CHECK(b200.nvswitches.value == 2);
  CHECK(b200.nvlink.bandwidth.value == BytesPerSecond(900e9));
  // 8 x 1.8 TB/s = 14.4 TB/s in all, as the DGX B200 datasheet adds it up
  CHECK(b200.gpus.value * 2 * b200.nvlink.bandwidth.value.value() == doctest::Approx(14.4e12));
  const auto nvl72 = load_system("gb200-nvl72");
  CHECK(nvl72.gpus_per_domain() == 72);
  CHECK(nvl72.nvswitches.value == 18);
  // 72 x 1.8 TB/s = 130 TB/s
  CHECK(nvl72.gpus_per_domain() * 2 * nvl72.nvlink.bandwidth.value.value() == doctest::Approx(130e12).epsilon(0.005));
}

TEST_CASE("a system goes by its aliases and by other spellings") {
  CHECK(load_system("dgx-h100").name == "hgx-h100");
  CHECK(load_system("HGX_B200").name == "hgx-b200");
}

TEST_CASE("a leaf's ports are split as its oversubscription says") {
  CHECK(load_fabric("ib-ndr-rail").uplinks_per_leaf() == 32);
  CHECK(load_fabric("ib-ndr-rail").downlinks_per_leaf() == 32);
  // 64 / (1 + 4) = 12 up, 4 x 12 = 48 down, 4 ports unused
  CHECK(load_fabric("ib-ndr-rail-4to1").uplinks_per_leaf() == 12);
  CHECK(load_fabric("ib-ndr-rail-4to1").downlinks_per_leaf() == 48);
  CHECK(load_fabric("ib-ndr-rail-4to1").nic_link.latency.value == load_fabric("ib-ndr-rail").nic_link.latency.value);
}

TEST_CASE("a user's file says what differs from a catalogue entry") {
  const auto system = system_from("name: mine\nlike: hgx-h100\ngpus: 4\nnvlink: {bandwidth: 100GBps}\n");
  CHECK(system.name == "mine");
  CHECK(system.gpus.value == 4);
  CHECK(system.gpus.source.empty());
  CHECK(system.nvlink.bandwidth.value == BytesPerSecond(100e9));
  CHECK(system.nvlink.lanes.value == 18);
  CHECK(system.cpus.value == 2);
}

TEST_CASE("a scenario may spell out its fabric") {
  const auto fabric = fabric_from("{rails: 4, oversubscription: 3}");
  CHECK(fabric.name == "custom");
  CHECK(fabric.rails.value == 4);
  CHECK(fabric.uplinks_per_leaf() == 16);
  CHECK(fabric_from("{like: roce-400g-rail, leaf_ports: 32}").spine_ports.value == 128);
  CHECK(fabric_from("roce-400g-rail").name == "roce-400g-rail");
}

TEST_CASE("mistakes are named with what would be right") {
  CHECK_THROWS_WITH_AS(load_system("hgx-h10"), doctest::Contains("did you mean 'hgx-h100'"), InputError);
  CHECK_THROWS_WITH_AS(load_system("./nowhere.yaml"), doctest::Contains("no such file"), InputError);
  CHECK(contains(mistake_in("name: a\ngpus: 8\nnvlink: {bandwidth: 1GBps}\npcie: {bandwidth: 1GBps}\n"),
                 "NVLink without NVSwitches"));
  CHECK(contains(mistake_in("name: a\ngpus: 8\n"), "'pcie' is missing"));
  CHECK(contains(mistake_in("name: a\nlike: hgx-h100\ncpu_links: 3\n"), "cpu_link"));
  CHECK(contains(mistake_in("name: a\nlike: hgx-h100\nnvswitches: 20\n"), "20 NVSwitches, but a GPU has 18 NVLinks"));
  CHECK(contains(mistake_in("name: a\nlike: hgx-h100\ngpus: -1\n"), "gpus"));
  CHECK_THROWS_WITH_AS(fabric_from("{oversubscription: 100}"), doctest::Contains("no port left for a spine"),
                       InputError);
  CHECK_THROWS_WITH_AS(fabric_from("{spines: 33}"), doctest::Contains("33 spines, but a leaf has 32 uplinks"),
                       InputError);
}
