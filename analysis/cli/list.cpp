#include <fmt/format.h>

#include "analysis/cli/arguments.hpp"
#include "analysis/summary/json.hpp"
#include "models/catalog.hpp"
#include "models/engine.hpp"
#include "models/gpu.hpp"
#include "models/llm.hpp"
#include "models/price.hpp"
#include "sim/router/router.hpp"
#include "sim/scheduler/scheduler.hpp"
#include "topologies/spec.hpp"

namespace flotilla::cli {

namespace {

void row(const std::string& name, const std::string& text) { fmt::print("{:<24} {}\n", name, text); }

void list_models() {
  for (const auto& name : models::catalog_names("llms")) {
    const models::Llm llm = models::load_llm(name);
    row(name, fmt::format("{:.2f} G parameters, {} layers, hidden {}", models::parameters(llm).total() / 1e9,
                          llm.layers, llm.hidden));
  }
}

void list_gpus() {
  for (const auto& name : models::catalog_names("gpus")) {
    const models::Gpu gpu = models::load_gpu(name);
    row(name, fmt::format("{}: {}, {}", gpu.title, to_text(gpu.memory.get()), to_text(gpu.hbm_bandwidth.get())));
  }
}

void list_engines() {
  for (const auto& name : models::catalog_names("engines")) {
    const models::Engine engine = models::load_engine(name);
    row(name, fmt::format("defaults of {}, scheduler {}", engine.version, engine.scheduler));
  }
}

void list_prices() {
  for (const auto& name : models::catalog_names("prices")) {
    const models::Price price = models::load_price(name);
    row(name, fmt::format("{}, {}: {}", price.kind, price.date, models::priced_gpus(price)));
  }
}

void list_systems() {
  for (const auto& name : topologies::system_names()) row(name, topologies::load_system(name).title);
}

void list_fabrics() {
  for (const auto& name : topologies::fabric_names()) row(name, topologies::load_fabric(name).title);
}

void list_schedulers() {
  for (const auto& entry : sim::schedulers()) row(entry.name, entry.help);
}

void list_routers() {
  for (const auto& entry : sim::routers()) row(entry.name, entry.help);
}

void list_metrics() {
  for (const auto& m : analysis::metric_definitions()) fmt::print("{:<40} {:<12} {}\n", m.key, m.unit, m.definition);
}

struct Kind {
  const char* name;
  void (*print)();
};

constexpr Kind kKinds[] = {{"models", list_models},   {"gpus", list_gpus},       {"systems", list_systems},
                           {"fabrics", list_fabrics}, {"engines", list_engines}, {"schedulers", list_schedulers},
                           {"routers", list_routers}, {"prices", list_prices},   {"metrics", list_metrics}};

}  // namespace

std::vector<std::string> kinds_of_lists() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

int list(const Arguments& arguments) {
  CLI::App app("Lists what the catalogue holds.", "flotilla list");
  std::string kind;
  app.add_option("KIND", kind, "models, gpus, systems, fabrics, engines, schedulers, routers, prices or metrics")
      ->required();
  parse(app, arguments);
  for (const Kind& k : kKinds) {
    if (kind != k.name) continue;
    k.print();
    return kOk;
  }
  throw UsageError(
      fmt::format("flotilla list: there is no list of '{}'\n  {}", kind, reader::suggest(kind, kinds_of_lists())));
}

}  // namespace flotilla::cli
