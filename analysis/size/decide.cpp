#include "analysis/size/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>

#include "analysis/run.hpp"
#include "models/price.hpp"

namespace flotilla::analysis {

namespace {

double amount(const Candidate& c, Least least) {
  return least == Least::kCost ? c.summary.cost.usd_per_hour.value_or(c.gpus) : c.gpus;
}

/// What comes later takes the place of what sets the same key.
std::vector<std::string> joined(std::vector<std::string> all, const std::vector<std::string>& more) {
  const auto key = [](const std::string& word) { return word.substr(0, word.find('=')); };
  for (const std::string& word : more)
    std::erase_if(all, [&](const std::string& old) { return key(old) == key(word); });
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// The best fleet of a choice, within the hall.
SizedChoice size_one(const DecisionPlan& plan, const FleetChoice& choice, const std::vector<std::string>& changes,
                     const SizingPlan& sizing) {
  const auto all = smallest_fleets({plan.scenario}, joined(changes, choice.changes), plan.promises, sizing);
  SizedChoice contender{choice.name, all.front(), 0};
  contender.fleet.name = choice.name;
  if (!contender.fleet.feasible) return contender;
  const auto loaded = load_scenario(plan.scenario, contender.fleet.sizing);
  for (const sim::Pool& pool : loaded.build.pools)
    contender.provisioned_watts += pool.gpus * models::provisioned_power(pool.gpu).value();
  if (plan.hall && contender.provisioned_watts > plan.hall->value()) {
    contender.fleet.feasible = false;
    contender.fleet.binding =
        fmt::format("it takes {} GPUs, {:.0f} kW provisioned: more than the hall's {:.0f} kW", contender.fleet.gpus,
                    contender.provisioned_watts / 1000, plan.hall->value() / 1000);
  }
  if (plan.hall && contender.provisioned_watts == 0)
    throw std::invalid_argument("the provisioned power of " + choice.name + " is not known: no hall can bound it");
  return contender;
}

std::vector<SizedChoice> size_all(const DecisionPlan& plan, const std::vector<std::string>& changes,
                                  const SizingPlan& sizing) {
  std::vector<SizedChoice> contenders;
  for (const FleetChoice& choice : plan.fleets) contenders.push_back(size_one(plan, choice, changes, sizing));
  const auto key = [&](const SizedChoice& c) {
    return std::tuple(!c.fleet.feasible, amount(c.fleet, sizing.least), c.fleet.gpus);
  };
  std::stable_sort(contenders.begin(), contenders.end(),
                   [&](const SizedChoice& a, const SizedChoice& b) { return key(a) < key(b); });
  return contenders;
}

struct Change {
  std::string name;
  std::vector<std::string> words;
};

std::vector<Change> changes_of(const DecisionPlan& plan) {
  // As every fleet has it: lengths and load are the situation's.
  const auto document = load_scenario(plan.scenario, joined(plan.overrides, plan.fleets.front().changes));
  const sim::WorkloadSpec& w = document.scenario.workload;
  std::vector<Change> changes;
  for (const double factor : {0.5, 2.0}) {
    if (w.request_rate && std::isfinite(*w.request_rate)) {
      Change load{fmt::format("load x {}", factor),
                  {fmt::format("workload.request_rate={}", factor * *w.request_rate)}};
      // A run as long as the base's.
      if (w.num_prompts)
        load.words.push_back(
            fmt::format("workload.num_prompts={:.0f}", std::ceil(factor * static_cast<double>(*w.num_prompts))));
      changes.push_back(std::move(load));
    }
    const auto length = [&](const char* name, const char* key, const std::optional<sim::LengthSpec>& lengths) {
      const auto* fixed = lengths ? std::get_if<sim::FixedLength>(&*lengths) : nullptr;
      if (fixed == nullptr) return;
      changes.push_back({fmt::format("{} x {}", name, factor),
                         {fmt::format("workload.{}={:.0f}", key, std::max(1.0, std::round(factor * fixed->tokens)))}});
    };
    length("prompts", "input_tokens", w.input_tokens);
    length("answers", "output_tokens", w.output_tokens);
  }
  return changes;
}

}  // namespace

FleetChoice parse_fleet(const std::string& text) {
  const std::size_t colon = text.find(": ");
  if (colon == 0 || colon == std::string::npos || text.find('=') < colon)
    throw std::invalid_argument(
        fmt::format("'{}' is no fleet: write it as 'b200: fleet.pools[0].system=hgx-b200'", text));
  FleetChoice choice{text.substr(0, colon), {}};
  std::string word;
  int depth = 0;
  for (const char c : text.substr(colon + 2) + " ") {
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (c != ' ' || depth > 0) {
      word += c;
      continue;
    }
    if (word.empty()) continue;
    if (word.find('=') == std::string::npos)
      throw std::invalid_argument(fmt::format("'{}' of fleet {} is no key=value", word, choice.name));
    choice.changes.push_back(word);
    word.clear();
  }
  if (choice.changes.empty()) throw std::invalid_argument(fmt::format("fleet {} changes nothing", choice.name));
  return choice;
}

Decision decide(const DecisionPlan& plan) {
  Decision decision;
  decision.situation = load_scenario(plan.scenario, joined(plan.overrides, plan.fleets.front().changes)).scenario.name;
  decision.contenders = size_all(plan, plan.overrides, plan.sizing);
  const SizedChoice& first = decision.contenders.front();
  if (!first.fleet.feasible) return decision;
  if (decision.contenders.size() > 1 && decision.contenders[1].fleet.feasible)
    decision.break_even =
        amount(decision.contenders[1].fleet, plan.sizing.least) / amount(first.fleet, plan.sizing.least);
  SizingPlan once = plan.sizing;
  once.seeds = 1;
  for (const Change& change : changes_of(plan)) {
    const auto varied = size_all(plan, joined(plan.overrides, change.words), once);
    VariedCase variation{change.name, "", std::nullopt};
    if (varied.front().fleet.feasible) {
      variation.winner = varied.front().name;
      for (const SizedChoice& c : varied) {
        if (c.name == first.name && c.fleet.feasible)
          variation.cost_ratio = amount(c.fleet, once.least) / amount(varied.front().fleet, once.least);
      }
    }
    decision.variations.push_back(std::move(variation));
  }
  return decision;
}

}  // namespace flotilla::analysis
