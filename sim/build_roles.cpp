#include "sim/build_roles.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flotilla::sim {

std::string path_of(const char* list, std::size_t index, const std::string& key) {
  return fmt::format("{}[{}]{}{}", list, index, key.empty() ? "" : ".", key);
}

/// Who prefills needs somebody who decodes the same, in the same cache format, and the other way round.
void check_roles(const Scenario& scenario, const Build& build, const std::vector<Serves>& serves,
                 const reader::Document& document) {
  const auto& serving = scenario.serving;
  const std::size_t none = serving.size();
  const auto partner = [&](std::size_t group, Role role) {
    std::size_t i = 0;
    while (i < none && (serving[i].role != role || !build.alike(serves[i], serves[group]))) ++i;
    return i;
  };
  const auto need = [&](Role role, Role other, const char* problem, const char* other_name) {
    for (std::size_t i = 0; i < none; ++i) {
      if (serving[i].role != role || partner(i, other) < none) continue;
      const bool several = build.models.size() > 1 || !build.classes.empty();
      document.fail(path_of("serving", i, "role"), problem,
                    fmt::format("add a serving group with role: {}{}, or use role: mixed", other_name,
                                several ? ", the same model and class" : ""));
    }
  };
  const auto apart = [](const ServingSpec& s) { return s.role != Role::kMixed; };
  if (scenario.router.max_local_prefill_length > 0 && std::none_of(serving.begin(), serving.end(), apart)) {
    document.fail("router", "max_local_prefill_length: prefill and decode are not apart here",
                  "it needs groups with role: prefill and role: decode");
  }
  need(Role::kPrefill, Role::kDecode, "nobody decodes what this group prefills", "decode");
  need(Role::kDecode, Role::kPrefill, "nobody prefills for this group", "prefill");
  for (std::size_t i = 0; i < none; ++i) {
    if (serving[i].role == Role::kMixed) continue;
    const ServingSpec& prefill = serving[partner(i, Role::kPrefill)];
    if (serving[i].kv_cache_dtype == prefill.kv_cache_dtype) continue;
    document.fail(path_of("serving", i, "kv_cache_dtype"),
                  fmt::format("{} here, {} where prompts are prefilled: KV is handed over as it is",
                              models::name_of(serving[i].kv_cache_dtype), models::name_of(prefill.kv_cache_dtype)),
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

void warn_about_ways(Build& build) {
  for (std::size_t i = 0; i < build.groups.size(); ++i) {
    const ServingGroup& from = build.groups[i];
    const std::string& known = from.deployment.engine.unequal_kv_transfer;
    if (from.role != Role::kPrefill || known.empty() || from.deployment.llm.latent_attention()) continue;
    for (std::size_t j = 0; j < build.groups.size(); ++j) {
      const ServingGroup& to = build.groups[j];
      const int here = from.deployment.tensor_parallel_size, there = to.deployment.tensor_parallel_size;
      if (to.role != Role::kDecode || here == there || !build.alike(from.serves, to.serves)) continue;
      build.warnings.push_back(fmt::format(
          "{} hands over to {}, tensor_parallel_size {} to {}: under {} {}; not simulated. The same size on both sides "
          "avoids it",
          path_of("serving", i, ""), path_of("serving", j, ""), here, there, from.deployment.engine.title, known));
    }
  }
}

void check_parallelism(const models::Deployment& d, std::size_t index, const reader::Document& document) {
  const auto fail = [&](const char* key, const std::string& message, const std::string& hint) {
    document.fail(path_of("serving", index, key), message, hint);
  };
  const models::Llm& llm = d.llm;
  if (llm.heads % d.tensor_parallel_size != 0) {
    fail("tensor_parallel_size",
         fmt::format("{} attention heads of {} do not divide by {}", llm.heads, llm.name, d.tensor_parallel_size),
         "1, 2, 4 and 8 are usual");
  }
  if (d.pipeline_parallel_size > llm.layers) {
    fail("pipeline_parallel_size",
         fmt::format("{} stages for the {} layers of {}", d.pipeline_parallel_size, llm.layers, llm.name),
         "each stage needs a layer; 1, 2 and 4 are usual");
  }
  if (llm.experts == 0) {
    if (d.expert_parallel_size > 1) {
      fail("expert_parallel_size", fmt::format("{} has no experts to divide", llm.name), "leave it at 1");
    }
    if (d.expert_skew) fail("expert_skew", fmt::format("{} has no experts to prefer", llm.name), "leave it out");
    if (d.data_parallel_size > 1) {
      fail("data_parallel_size",
           fmt::format("attention ranks step together for the experts that they share; {} has none", llm.name),
           "for independent copies of the model say replicas");
    }
  }
  if (d.expert_ranks() % d.expert_parallel_size != 0) {
    fail("expert_parallel_size",
         fmt::format("{} does not divide the {} GPUs of a stage (tensor_parallel_size {} * data_parallel_size {})",
                     d.expert_parallel_size, d.expert_ranks(), d.tensor_parallel_size, d.data_parallel_size),
         fmt::format("{} puts whole experts on each GPU, 1 a slice of every expert", d.expert_ranks()));
  }
  if (d.expert_parallel_size > std::max(1, llm.experts)) {
    fail("expert_parallel_size",
         fmt::format("{} ranks for the {} experts of {}", d.expert_parallel_size, llm.experts, llm.name),
         "each rank needs an expert");
  }
}

}  // namespace flotilla::sim
