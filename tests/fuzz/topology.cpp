// Systems and fabrics of a user's own: a file is read as either, and wired up.
#include <algorithm>

#include "scenarios/reader/error.hpp"
#include "tests/fuzz/file_of.hpp"
#include "tests/fuzz/target.hpp"
#include "topologies/build.hpp"

using namespace flotilla;

void fuzz::read(std::string text) {
  const FileOf file(text, ".yaml");
  topologies::System system;
  try {
    system = topologies::load_system(file.path());
  } catch (const InputError&) {
    const auto fabric = topologies::load_fabric(file.path());
    topologies::build_fleet({{"pool", topologies::load_system("hgx-h100"), 64}}, fabric);
    return;
  }
  topologies::build_fleet({{"pool", system, std::max(1, system.gpus_per_domain())}},
                          topologies::load_fabric("ib-ndr-rail"));
}
