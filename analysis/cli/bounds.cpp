#include "models/bounds.hpp"

#include <fmt/format.h>

#include "analysis/cli/arguments.hpp"
#include "analysis/run.hpp"

namespace flotilla::cli {

namespace {

models::NumberFormat format_named(const std::string& option, const std::string& word) {
  std::vector<std::string> names;
  for (const auto& [format, name] : models::enum_names(models::NumberFormat{})) {
    if (name == word) return format;
    names.emplace_back(name);
  }
  throw UsageError(
      fmt::format("flotilla bounds: {} {}: no such number format\n  {}", option, word, reader::suggest(word, names)));
}

constexpr int kNameWidth = 34;
constexpr int kTextWidth = 24;

/// A line per bound, and under it, unless `brief`, its formula and source; the article's column first where there is
/// one.
void print_bounds(const models::Llm& llm, const models::Gpu& gpu, models::NumberFormat weights, models::NumberFormat kv,
                  bool brief) {
  struct Column {
    std::string title;
    std::vector<models::Bound> bounds;
  };
  std::vector<Column> columns;
  if (const auto variant = models::article_variant(gpu)) {
    columns.push_back({"article (" + variant->name + ")", models::bounds(llm, *variant, weights, kv)});
  }
  columns.push_back({"datasheet (" + gpu.name + ")", models::bounds(llm, gpu, weights, kv)});

  fmt::print("{} on {}, weights {}, KV {}: bounds, not predictions\n\n", llm.name, gpu.title, models::name_of(weights),
             models::name_of(kv));
  fmt::print("{:<{}}", "", kNameWidth);
  for (const Column& column : columns) fmt::print("  {:<{}}", column.title, kTextWidth);
  fmt::print("\n");
  for (std::size_t i = 0; i < columns.front().bounds.size(); ++i) {
    fmt::print("{:<{}}", columns.front().bounds[i].name, kNameWidth);
    for (const Column& column : columns) fmt::print("  {:<{}}", column.bounds[i].text, kTextWidth);
    fmt::print("\n");
    if (brief) continue;
    for (const Column& column : columns) {
      const std::string who = columns.size() == 1 ? "" : column.title.substr(0, column.title.find(' ')) + ": ";
      fmt::print("    {}{}\n      [{}]\n", who, column.bounds[i].formula, column.bounds[i].source);
    }
  }
}

}  // namespace

int bounds(const Arguments& arguments) {
  CLI::App app("Prints the physical bounds of a model on a GPU, each with its formula and source.", "flotilla bounds");
  ScenarioArguments scenario;
  std::string model;
  std::string gpu;
  std::string weights = "bf16";
  std::string kv = "bf16";
  bool brief = false;
  app.add_option("SCENARIO", scenario.path, "bounds of each serving group of this scenario");
  app.add_option("key=value", scenario.overrides, "changes to it");
  app.add_option("--model", model, "instead of a scenario: catalogue name or path of a config.json");
  app.add_option("--gpu", gpu, "GPU, by catalogue name");
  app.add_option("--weights", weights, "number format of the weights")->capture_default_str();
  app.add_option("--kv", kv, "number format of the KV cache")->capture_default_str();
  app.add_flag("--brief", brief, "leave out formulas and sources");
  parse(app, arguments);
  if (scenario.path.empty() == (model.empty() && gpu.empty())) {
    throw UsageError("flotilla bounds: give a scenario, or --model and --gpu");
  }
  if (scenario.path.empty()) {
    if (model.empty() || gpu.empty()) throw UsageError("flotilla bounds: --model and --gpu go together");
    print_bounds(models::load_llm(model), models::load_gpu(gpu), format_named("--weights", weights),
                 format_named("--kv", kv), brief);
    return kOk;
  }
  const analysis::LoadedScenario loaded = analysis::load_scenario(scenario.path, scenario.overrides);
  for (const auto& group : loaded.build.groups) {
    print_bounds(group.deployment.llm, group.deployment.gpu, group.deployment.weights, group.deployment.kv_cache,
                 brief);
  }
  return kOk;
}

}  // namespace flotilla::cli
