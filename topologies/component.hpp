// What can break: a part of the fleet by its name, with everything that is gone when it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "topologies/build.hpp"

namespace flotilla::topologies {

struct Component {
  std::string name;
  std::vector<VertexId> vertices;
  std::vector<LinkId> links;
  /// Flows would find another way around it, which is not modelled: it can be slower, but not gone.
  bool has_detours = false;
};

/// A pool, rack or node, a GPU, NIC, NVSwitch or any other vertex, or a link, by its name; nothing where no part is
/// called so. Of a node or rack all its parts; of an NVSwitch the NVLinks of its whole domain, since each GPU's are
/// striped over all of them.
std::optional<Component> find_component(const Fleet& fleet, const std::string& name);

/// "gpu", "node", "nvswitch", "domain", "nic", "link", "leaf" or "spine": all of that kind, of one pool or ("") of the
/// whole fleet. Switches of the fabric belong to no pool.
std::vector<Component> components_of_kind(const Fleet& fleet, const std::string& kind, const std::string& pool);

/// Names, for "did you mean".
std::vector<std::string> component_names(const Fleet& fleet);

}  // namespace flotilla::topologies
