// Which keys of a load go together, and which of a workload and its tenants.
#pragma once

#include "sim/workload/spec.hpp"

namespace flotilla::sim {

void check_workload(const WorkloadSpec& workload, const reader::Node& node);
void check_tenant(const TenantSpec& tenant, const reader::Node& node);

}  // namespace flotilla::sim
