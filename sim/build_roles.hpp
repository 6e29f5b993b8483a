// Who prefills, who decodes, and how replicas are divided: what a scenario may not say of it.
#pragma once

#include <string>
#include <vector>

#include "sim/build.hpp"

namespace flotilla::sim {

/// "serving[2].role"; without a key "serving[2]".
std::string path_of(const char* list, std::size_t index, const std::string& key);

/// Throws InputError at the role or format that does not go with the others.
/// `serves`: whom each group serves.
void check_roles(const Scenario& scenario, const Build& build, const std::vector<Serves>& serves,
                 const reader::Document& document);
/// The same where KV could not get from one side to the other; after placement.
void check_ways(const Build& build, const reader::Document& document);

/// What is known to slow down hand-offs between these groups and is not simulated, for the user: once for each pair.
void warn_about_ways(Build& build);

/// The sizes that a serving group is divided by fit its model, and each other.
void check_parallelism(const models::Deployment& d, std::size_t index, const reader::Document& document);

}  // namespace flotilla::sim
