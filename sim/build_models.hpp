// Several models, several classes, several tenants: whom each serving group serves, and what each tenant asks for.
#pragma once

#include <string>
#include <vector>

#include "sim/build.hpp"

namespace flotilla::sim {

/// Where the model of a serving group is written.
reader::Node model_of_group(const Scenario& scenario, const reader::Document& document, std::size_t group);

/// Fills the build's models and classes, and says whom each group serves.
std::vector<Serves> served_by_groups(const Scenario& scenario, const reader::Document& document, Build& build);

/// Fills what each tenant asks for, and its promises where they are the scenario's. Refuses tenants that no group
/// serves, and what cannot tell one model's requests from another's. The groups are there.
void build_tenants(Scenario& scenario, const reader::Document& document, reader::Origins& origins, Build& build);

/// Mean tokens of the requests that a group serves, those of the tenant with the longest; 0 where traces have them.
double typical_tokens(const Scenario& scenario, const Build& build, const ServingGroup& group);

}  // namespace flotilla::sim
