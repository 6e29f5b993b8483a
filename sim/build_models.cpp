#include "sim/build_models.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/catalog.hpp"
#include "sim/build_roles.hpp"

namespace flotilla::sim {

namespace {

/// The same for all words that mean the same model.
std::string identity(const reader::Node& node) {
  const models::Reference word(node);
  const std::string name = models::catalog_name("llms", word.text);
  if (!name.empty()) return name;
  return models::looks_like_path(word.text) ? models::resolved_path(word) : word.text;
}

bool by_class(const Scenario& scenario) { return scenario.router.policy == "slo_class"; }

template <class T>
std::int32_t index_of(const std::vector<T>& all, const T& one) {
  const auto found = std::find(all.begin(), all.end(), one);
  return found == all.end() ? -1 : static_cast<std::int32_t>(found - all.begin());
}

template <class T>
std::int32_t index_in(std::vector<T>& all, const T& one) {
  if (index_of(all, one) < 0) all.push_back(one);
  return index_of(all, one);
}

std::string none_of(const std::string& name) { return name.empty() ? "no class" : fmt::format("class '{}'", name); }

/// What tenants ask for is looked up among what groups serve.
class Tenants {
 public:
  Tenants(const Scenario& scenario, const reader::Document& document, const Build& build)
      : scenario_(scenario), root_(document.root()), build_(build) {
    for (std::size_t g = 0; g < build.groups.size(); ++g) {
      const auto model = static_cast<std::size_t>(build.groups[g].serves.model);
      identities_.resize(build.models.size());
      identities_[model] = identity(model_of_group(scenario, document, g));
    }
  }

  [[nodiscard]] Serves wants(std::size_t tenant) const {
    const TenantSpec& spec = (*scenario_.workload.tenants)[tenant];
    const reader::Node node = root_.at("workload").at("tenants")[tenant];
    Serves wants;
    wants.model = index_of(identities_, identity(spec.model ? node.at("model") : root_.at("model")));
    if (wants.model < 0 && spec.model) {
      node.at("model").fail(fmt::format("no serving group serves '{}'", *spec.model),
                            reader::suggest(*spec.model, build_.models));
    }
    if (wants.model < 0) {
      node.fail(fmt::format("tenant '{}' asks for the scenario's model, {}, which no serving group serves", spec.name,
                            scenario_.model),
                "give it a model; served: " + reader::listed(build_.models));
    }
    wants.slo_class = index_of(build_.classes, spec.slo_class);
    if (!served(wants, !spec.slo_class.empty() && wants.slo_class < 0))
      node.fail_for("class",
                    fmt::format("no serving group of {} takes requests of {}", model(wants), none_of(spec.slo_class)),
                    hint_of_classes(spec.slo_class));
    return wants;
  }

  [[nodiscard]] Serves requests() const {
    Serves wants;
    wants.model = index_of(identities_, identity(root_.at("model")));
    if (wants.model < 0) {
      root_.at("model").fail(
          fmt::format("no serving group serves {}, and there are no tenants to ask for another", scenario_.model),
          "served: " + reader::listed(build_.models));
    }
    if (!served(wants, false))
      root_.at("router").fail("requests have no class without workload.tenants, and every serving group of theirs has",
                              "state tenants with a class, or leave class out of a serving group");
    return wants;
  }

 private:
  [[nodiscard]] const std::string& model(const Serves& wants) const {
    return build_.models[static_cast<std::size_t>(wants.model)];
  }

  /// By a group that requests are sent to.
  [[nodiscard]] bool served(const Serves& wants, bool unknown_class) const {
    if (!by_class(scenario_)) return true;
    return !unknown_class && std::any_of(build_.groups.begin(), build_.groups.end(), [&](const ServingGroup& group) {
      return group.role != Role::kDecode && group.serves == wants;
    });
  }

  [[nodiscard]] std::string hint_of_classes(const std::string& wanted) const {
    if (build_.classes.empty()) return "give a serving group that class";
    return wanted.empty() ? "classes of groups: " + reader::listed(build_.classes)
                          : reader::suggest(wanted, build_.classes);
  }

  const Scenario& scenario_;
  reader::Node root_;
  const Build& build_;
  std::vector<std::string> identities_;  ///< of the build's models
};

/// The scenario's promises are those of tenants who have none of their own.
void fill_promises(Scenario& scenario, reader::Origins& origins) {
  if (!scenario.slo.given()) return;
  for (std::size_t i = 0; i < scenario.workload.tenants->size(); ++i) {
    TenantSpec& tenant = (*scenario.workload.tenants)[i];
    if (tenant.slo) continue;
    tenant.slo = scenario.slo;
    for (const char* key : {"slo.ttft", "slo.tpot", "slo.e2el", "slo.percentile"})
      origins[path_of("workload.tenants", i, key)] = "slo";
  }
}

/// An autoscaler of a group that sees the whole fleet's requests would count those of others.
void check_autoscalers(const Scenario& scenario, const reader::Document& document, const Build& build) {
  if (build.models.size() == 1 && build.classes.empty()) return;
  for (std::size_t i = 0; i < scenario.serving.size(); ++i) {
    const auto& autoscale = scenario.serving[i].autoscale;
    if (!autoscale || (autoscale->policy != ScalePolicy::kTtft && autoscale->policy != ScalePolicy::kPredictive))
      continue;
    document.fail(path_of("serving", i, "autoscale.policy"),
                  "it looks at all requests of the fleet, not only at those that this group serves",
                  "with several models or classes: concurrency, queue_length, kv_usage or scheduled");
  }
}

void warn_of_what_has_no_effect(const Scenario& scenario, Build& build) {
  for (std::size_t i = 0; i < build.groups.size(); ++i) {
    const Serves& serves = build.groups[i].serves;
    const auto asks = [&](const Serves& wants) { return wants.model == serves.model; };
    if (std::none_of(build.tenants.begin(), build.tenants.end(), asks) &&
        (scenario.workload.tenants || !asks(build.requests))) {
      build.warnings.push_back(fmt::format("{}: nobody asks for {}", path_of("serving", i, ""),
                                           build.models[static_cast<std::size_t>(serves.model)]));
    }
    if (scenario.serving[i].slo_class && !by_class(scenario)) {
      build.warnings.push_back(fmt::format("{}: the router {} does not look at it; slo_class does",
                                           path_of("serving", i, "class"), scenario.router.policy));
    }
  }
}

}  // namespace

reader::Node model_of_group(const Scenario& scenario, const reader::Document& document, std::size_t group) {
  const reader::Node root = document.root();
  return scenario.serving[group].model ? root.at("serving")[group].at("model") : root.at("model");
}

std::vector<Serves> served_by_groups(const Scenario& scenario, const reader::Document& document, Build& build) {
  std::vector<std::string> identities;
  std::vector<Serves> all;
  build.spills = scenario.router.spill;
  for (std::size_t i = 0; i < scenario.serving.size(); ++i) {
    const reader::Node word = model_of_group(scenario, document, i);
    Serves serves;
    serves.model = index_in(identities, identity(word));
    if (identities.size() > build.models.size()) {
      // Two files may call their models the same.
      const std::string name = models::load_llm(word).name;
      build.models.push_back(index_of(build.models, name) < 0 ? name : word.text());
    }
    if (scenario.serving[i].slo_class && by_class(scenario))
      serves.slo_class = index_in(build.classes, *scenario.serving[i].slo_class);
    all.push_back(serves);
  }
  return all;
}

double typical_tokens(const Scenario& scenario, const Build& build, const ServingGroup& group) {
  if (!scenario.workload.tenants) return scenario.workload.mean_tokens();
  double longest = 0;
  for (std::size_t i = 0; i < build.tenants.size(); ++i)
    if (build.alike(build.tenants[i], group.serves))
      longest = std::max(longest, (*scenario.workload.tenants)[i].mean_tokens());
  return longest;
}

void build_tenants(Scenario& scenario, const reader::Document& document, reader::Origins& origins, Build& build) {
  check_autoscalers(scenario, document, build);
  const Tenants tenants(scenario, document, build);
  if (scenario.workload.tenants) {
    for (std::size_t i = 0; i < scenario.workload.tenants->size(); ++i) build.tenants.push_back(tenants.wants(i));
    fill_promises(scenario, origins);
  } else {
    build.requests = tenants.requests();
  }
  warn_of_what_has_no_effect(scenario, build);
}

}  // namespace flotilla::sim
