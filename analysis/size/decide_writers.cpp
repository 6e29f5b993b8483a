#include <fmt/format.h>

#include "analysis/size/decide.hpp"
#include "analysis/statistics/intervals.hpp"
#include "analysis/version.hpp"

namespace flotilla::analysis {

namespace {

using Json = nlohmann::ordered_json;

Json optional(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json json_of(const SizedChoice& c) {
  const Summary& s = c.fleet.summary;
  Json json = {{"name", c.name},
               {"feasible", c.fleet.feasible},
               {"binding", c.fleet.binding},
               {"replicas", c.fleet.replicas},
               {"tensor_parallel_sizes", c.fleet.tensor_parallel_sizes},
               {"gpus", c.fleet.gpus},
               {"provisioned_kw", c.provisioned_watts / 1000},
               {"simulations", c.fleet.simulations}};
  if (!c.fleet.feasible) return json;
  const Estimate useful = estimate_mean(c.fleet.usd_per_million_useful);
  json["usd_per_month"] = optional(s.cost.usd_per_month);
  json["usd_per_million_useful_tokens"] = c.fleet.usd_per_million_useful.empty() ? Json(nullptr) : Json(useful.mean);
  json["usd_interval"] = useful.interval ? Json({useful.interval->low, useful.interval->high}) : Json(nullptr);
  json["goodput_ratio"] = s.goodput_ratio;
  json["p99_ttft_ms"] = s.ttft.p99;
  json["p99_tpot_ms"] = s.tpot.p99;
  json["envelope"] = {{"inside", s.envelope.inside}, {"reason", s.envelope.reason}};
  return json;
}

std::string money(const Json& contender) {
  const Json& usd = contender.at("usd_per_million_useful_tokens");
  if (usd.is_null()) return "no price";
  std::string text = fmt::format("${:.3f}", usd.get<double>());
  if (const Json& range = contender.at("usd_interval"); !range.is_null())
    text += fmt::format(" [{:.3f}, {:.3f}]", range.at(0).get<double>(), range.at(1).get<double>());
  return text;
}

/// Variations in which another fleet is best, or none holds.
std::vector<std::string> flips(const Json& decision) {
  std::vector<std::string> list;
  for (const Json& v : decision.at("variations")) {
    const auto winner = v.at("winner").get<std::string>();
    if (winner == decision.at("contenders").at(0).at("name")) continue;
    const std::string name = v.at("name").get<std::string>();
    if (winner.empty()) {
      list.push_back(name + ": none holds");
    } else if (v.at("cost_ratio").is_null()) {
      list.push_back(fmt::format("{}: {}, this one does not hold", name, winner));
    } else {
      list.push_back(fmt::format("{}: {} by {:.2f}x", name, winner, v.at("cost_ratio").get<double>()));
    }
  }
  return list;
}

bool holds(const Json& decision) { return decision.at("contenders").at(0).at("feasible").get<bool>(); }

std::string wins_by(const Json& decision) {
  if (decision.at("break_even").is_null()) return "alone: no other holds";
  return fmt::format("{:.2f}x over {}", decision.at("break_even").get<double>(),
                     decision.at("contenders").at(1).at("name").get<std::string>());
}

std::string how_sure(const Json& decision) {
  std::string text = fmt::format("{} seeds", decision.at("seeds").get<int>());
  std::string outside;
  for (const Json& c : decision.at("contenders")) {
    if (c.at("feasible").get<bool>() && !c.at("envelope").at("inside").get<bool>())
      outside += (outside.empty() ? "" : ", ") + c.at("name").get<std::string>();
  }
  return text + (outside.empty() ? "; inside what was calibrated" : "; outside what was calibrated: " + outside);
}

std::string flip_text(const Json& decision) {
  std::string text;
  if (!decision.at("break_even").is_null()) {
    text = decision.at("least") == "cost" ? fmt::format("its price x {:.2f}", decision.at("break_even").get<double>())
                                          : fmt::format("{:.2f}x the GPUs", decision.at("break_even").get<double>());
  }
  for (const std::string& flip : flips(decision)) text += (text.empty() ? "" : "; ") + flip;
  return text.empty() ? "nothing tried" : text;
}

}  // namespace

Json decision_json(const Decision& d, const DecisionPlan& plan, const std::vector<std::string>& words) {
  Json json = {{"schema_version", 1},
               {"version", kVersion},
               {"commit", kCommit},
               {"situation", d.situation},
               {"arguments", words},
               {"least", plan.sizing.least == Least::kCost ? "cost" : "gpus"},
               {"seeds", plan.sizing.seeds},
               {"hall_kw", plan.hall ? Json(plan.hall->value() / 1000) : Json(nullptr)},
               {"break_even", optional(d.break_even)},
               {"contenders", Json::array()},
               {"variations", Json::array()}};
  for (const SizedChoice& c : d.contenders) json["contenders"].push_back(json_of(c));
  for (const VariedCase& v : d.variations)
    json["variations"].push_back({{"name", v.name}, {"winner", v.winner}, {"cost_ratio", optional(v.cost_ratio)}});
  json["wins_by"] = holds(json) ? wins_by(json) : "";
  json["sure"] = how_sure(json);
  json["flips"] = flip_text(json);
  json["answer"] = decision_answer(json);
  return json;
}

std::string decision_answer(const Json& d) {
  const std::string situation = d.at("situation").get<std::string>();
  if (!holds(d)) return situation + ": none of these fleets keeps its promises.";
  const Json& best = d.at("contenders").at(0);
  return fmt::format("{}: {} on {} GPUs, {} per million useful tokens; {}. It flips with {}.", situation,
                     best.at("name").get<std::string>(), best.at("gpus").get<int>(), money(best), wins_by(d),
                     flip_text(d));
}

std::string decision_matrix(const std::vector<Json>& decisions) {
  std::string text =
      "| situation | run | GPUs | $/M useful tokens [95 %] | promises kept | wins by | how sure | what flips it |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const Json& d : decisions) {
    const std::string situation = d.at("situation").get<std::string>();
    if (!holds(d)) {
      text += fmt::format("| {} | none holds | | | | | {} | |\n", situation, how_sure(d));
      continue;
    }
    const Json& best = d.at("contenders").at(0);
    text +=
        fmt::format("| {} | {} | {} | {} | {:.1f} % of requests; p99 TTFT {:.0f} ms, TPOT {:.1f} ms | {} | {} | {} |\n",
                    situation, best.at("name").get<std::string>(), best.at("gpus").get<int>(), money(best),
                    100 * best.at("goodput_ratio").get<double>(), best.at("p99_ttft_ms").get<double>(),
                    best.at("p99_tpot_ms").get<double>(), wins_by(d), how_sure(d), flip_text(d));
  }
  return text;
}

}  // namespace flotilla::analysis
