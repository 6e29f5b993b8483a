#include "sim/build_roles.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flotilla::sim {

std::string path_of(const char* list, std::size_t index, const std::string& key) {
  return fmt::format("{}[{}]{}{}", list, index, key.empty() ? "" : ".", key);
}

/// Who prefills needs somebody who decodes, in the same cache format, and the other way round.
void check_roles(const Scenario& scenario, const reader::Document& document) {
  const auto first = [&](Role role) {
    const auto& serving = scenario.serving;
    return static_cast<std::size_t>(
        std::find_if(serving.begin(), serving.end(), [&](const ServingSpec& s) { return s.role == role; }) -
        serving.begin());
  };
  const std::size_t none = scenario.serving.size();
  const std::size_t prefill = first(Role::kPrefill), decode = first(Role::kDecode);
  if (prefill == none && decode == none) return;
  if (decode == none) {
    document.fail(path_of("serving", prefill, "role"), "nobody decodes what this group prefills",
                  "add a serving group with role: decode, or use role: mixed");
  }
  if (prefill == none) {
    document.fail(path_of("serving", decode, "role"), "nobody prefills for this group",
                  "add a serving group with role: prefill, or use role: mixed");
  }
  for (std::size_t i = 0; i < none; ++i) {
    const ServingSpec& spec = scenario.serving[i];
    if (spec.role == Role::kMixed || spec.kv_cache_dtype == scenario.serving[prefill].kv_cache_dtype) continue;
    document.fail(
        path_of("serving", i, "kv_cache_dtype"),
        fmt::format("{} here, {} where prompts are prefilled: KV is handed over as it is",
                    models::name_of(spec.kv_cache_dtype), models::name_of(scenario.serving[prefill].kv_cache_dtype)),
        "give prefill and decode groups the same kv_cache_dtype");
  }
}

/// KV leaves a node by its NICs, except over NVLink.
void check_ways(const Build& build, const reader::Document& document) {
  if (build.fleet.domains.size() == 1) return;
  for (std::size_t i = 0; i < build.groups.size(); ++i) {
    const topologies::System& system = build.pools[build.groups[i].pool].system;
    if (build.groups[i].role == Role::kMixed || system.nics.value > 0) continue;
    document.fail(path_of("serving", i, "role"),
                  fmt::format("KV cannot leave or reach the nodes of {}: it has no NICs", system.name),
                  "give the system NICs, or keep prefill and decode in one NVLink domain");
  }
}

}  // namespace flotilla::sim
