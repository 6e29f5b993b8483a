// What a scenario says of a serving group's scheduler, with what its policy and its engine add.
#pragma once

#include <string>
#include <vector>

#include "scenarios/reader/node.hpp"
#include "sim/build.hpp"
#include "sim/engine/admission.hpp"
#include "sim/engine/clients.hpp"

namespace flotilla::sim {

/// Fills in the group's policy, limits and queue order; the deployment's own limits must stand. Throws InputError for
/// keys that the policy does not know.
void set_scheduler(ServingGroup& group, SchedulerSpec& spec, const reader::Document& document, const std::string& path,
                   const std::string& engine_origin, reader::Origins& origins, std::vector<std::string>& warnings);

/// Blocks, once the memory is laid out: those of host memory, and those of the watermark.
void set_swap_space(ServingGroup& group, const SchedulerSpec& spec);

/// Where KV is kept beside GPU memory. Throws InputError where there is no storage, or nothing is ever found.
void set_kv_offload(ServingGroup& group, const ServingSpec& spec, const Scenario& scenario,
                    const reader::Document& document, const std::string& path);

/// The gateway's limits. Throws InputError for a tenant that there is not.
std::vector<GateLimit> gate_limits(const Scenario& scenario, const std::vector<std::string>& tenants,
                                   const reader::Document& document);

ClientHabits client_habits(const ClientsSpec& spec);

}  // namespace flotilla::sim
