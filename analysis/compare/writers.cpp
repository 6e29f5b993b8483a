#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "analysis/compare/compare.hpp"
#include "analysis/summary/json.hpp"
#include "analysis/version.hpp"

namespace flotilla::analysis {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kSlight = 0.01;  ///< less than this, and nobody would choose a fleet for it
constexpr const char* kKinds[] = {"better", "worse", "slight", "no telling", "one seed"};
constexpr const char* kMethod =
    "replications: each seed draws the same requests for all; Student t over the seeds of b / a - 1";

/// Without the unit: "p99 TTFT".
std::string short_name(const Difference& d) {
  const std::string name = compared_metrics()[d.metric].name;
  return name.substr(0, name.find(" ("));
}

/// "-38.1 % [-41.0, -35.2]"; "12.3 times [11.9, 12.7]" where percents would be hard to read.
std::string difference_text(const Difference& d) {
  constexpr double kManyTimes = 3;
  if (d.relative.mean > kManyTimes) {
    const auto& i = d.relative.interval;
    return fmt::format("{:.1f} times", 1 + d.relative.mean) +
           (i ? fmt::format(" [{:.1f}, {:.1f}]", 1 + i->low, 1 + i->high) : std::string());
  }
  std::string text = fmt::format("{:+.1f} %", 100 * d.relative.mean);
  if (d.relative.interval)
    text += fmt::format(" [{:+.1f}, {:+.1f}]", 100 * d.relative.interval->low, 100 * d.relative.interval->high);
  return text;
}

const char* judgement(const Difference& d) {
  if (!d.relative.interval) return "one seed";
  if (d.distinguishable() && std::fabs(d.relative.mean) < kSlight) return "slight";
  return d.better() ? "better" : d.distinguishable() ? "worse" : "no telling";
}

/// "b200 against h100: better on ...; worse on ...; no telling on ..."
std::string answer(const Contender& a, const Contender& b, const std::vector<Difference>& differences) {
  std::string text;
  for (const char* const kind : kKinds) {
    std::string names;
    for (const Difference& d : differences) {
      if (judgement(d) == std::string(kind)) names += (names.empty() ? "" : ", ") + short_name(d);
    }
    if (!names.empty())
      text += fmt::format("{}{} on {}", text.empty() ? "" : "; ",
                          std::string(kind) == "slight" ? "less than 1 % apart" : kind, names);
  }
  return fmt::format("{} against {}: {}.", b.name, a.name, text.empty() ? "nothing to compare" : text);
}

std::string differences_table(const std::vector<Difference>& differences) {
  std::string text;
  for (const char* const kind : kKinds) {
    for (const Difference& d : differences) {
      if (judgement(d) == std::string(kind))
        text += fmt::format("  {:<11} {:<18} {}\n", kind, short_name(d), difference_text(d));
    }
  }
  return text;
}

Estimate estimate_of(const Contender& c, const ComparedMetric& metric) {
  std::vector<double> values;
  for (const Summary& s : c.runs) {
    if (const auto value = metric.of(s)) values.push_back(*value);
  }
  return values.size() == c.runs.size() ? estimate_mean(values) : Estimate{};
}

/// Means over the seeds, with half of their intervals.
std::string figures_table(const Comparison& comparison) {
  std::size_t width = 22;
  for (const Contender& c : comparison.contenders) width = std::max(width, c.name.size() + 2);
  std::string text = fmt::format("\n{:<20}", "mean over the seeds");
  for (const Contender& c : comparison.contenders) text += fmt::format("{:>{}}", c.name, width);
  text += "\n";
  for (const ComparedMetric& metric : compared_metrics()) {
    std::string row;
    bool known = false;
    for (const Contender& c : comparison.contenders) {
      const Estimate e = estimate_of(c, metric);
      known = known || e.mean != 0;
      const std::string half =
          e.interval ? fmt::format(" +- {:.4g}", (e.interval->high - e.interval->low) / 2) : std::string();
      row += fmt::format("{:>{}}", e.mean == 0 ? "-" : fmt::format("{:.5g}{}", e.mean, half), width);
    }
    if (known) text += fmt::format("{:<20}{}\n", metric.name, row);
  }
  return text;
}

std::string counted_seeds(const Comparison& comparison) {
  const std::size_t n = comparison.seeds.size();
  return fmt::format("{} seed{}", n, n == 1 ? "" : "s");
}

/// "5 seeds, the same requests for all, 95 % intervals."
std::string basis(const Comparison& comparison) {
  const bool same = comparison.same_requests && !comparison.differences.empty();
  const std::string level = fmt::format("{:g} % intervals", 100 * kConfidenceLevel);
  return fmt::format("{}{}, {}.", counted_seeds(comparison), same ? ", the same requests for all" : "",
                     comparison.seeds.size() > 1 ? level : "and so no intervals");
}

/// What to know before trusting the figures.
std::vector<std::string> notes(const Comparison& comparison) {
  std::vector<std::string> notes;
  for (const Contender& c : comparison.contenders) {
    const auto saturated =
        std::count_if(c.runs.begin(), c.runs.end(), [](const Summary& s) { return s.verdict == Verdict::kSaturated; });
    if (saturated > 0) {
      notes.push_back(
          fmt::format("{} does not keep up with {} of {} seeds: its latencies grow with the length of the run", c.name,
                      saturated, c.runs.size()));
    }
  }
  if (!comparison.same_requests)
    notes.emplace_back("these are not the same requests: the scenarios differ in their workloads, too");
  if (!comparison.width_reached)
    notes.push_back(fmt::format("some intervals are still wider than asked for after {}", counted_seeds(comparison)));
  return notes;
}

/// The compared figures, as `flotilla list metrics` defines them.
Json metrics_json() {
  const auto definitions = metric_definitions();
  Json metrics = Json::array();
  for (const ComparedMetric& metric : compared_metrics()) {
    const auto defined = std::find_if(definitions.begin(), definitions.end(),
                                      [&](const MetricDefinition& d) { return d.key == metric.key; });
    if (defined == definitions.end()) throw std::logic_error(fmt::format("{} is no key of a summary", metric.key));
    metrics.push_back({{"key", metric.key},
                       {"name", metric.name},
                       {"unit", defined->unit},
                       {"more_is_better", metric.more_is_better},
                       {"definition", defined->definition}});
  }
  return metrics;
}

Json json_of(const Estimate& e) {
  Json json = {{"mean", e.mean}, {"interval", nullptr}};
  if (e.interval) json["interval"] = {e.interval->low, e.interval->high};
  return json;
}

Json json_of(const Contender& c) {
  Json metrics = Json::object();
  for (const ComparedMetric& metric : compared_metrics()) {
    Json values = Json::array();
    for (const Summary& s : c.runs) values.push_back(metric.of(s) ? Json(*metric.of(s)) : Json(nullptr));
    if (std::all_of(values.begin(), values.end(), [](const Json& value) { return value.is_null(); })) continue;
    const bool of_all = std::none_of(values.begin(), values.end(), [](const Json& value) { return value.is_null(); });
    Json entry = of_all ? json_of(estimate_of(c, metric)) : Json{{"mean", nullptr}, {"interval", nullptr}};
    entry["values"] = std::move(values);
    metrics[metric.key] = std::move(entry);
  }
  Json hashes = Json::array();
  for (const Summary& s : c.runs) hashes.push_back(s.sim.scenario_sha256);
  const auto saturated =
      std::count_if(c.runs.begin(), c.runs.end(), [](const Summary& s) { return s.verdict == Verdict::kSaturated; });
  return {{"scenario", c.path},          {"name", c.name},
          {"gpus", c.runs.front().gpus}, {"saturated_runs", saturated},
          {"scenario_sha256", hashes},   {"metrics", std::move(metrics)}};
}

Json json_of(const Contender& a, const Contender& b, const std::vector<Difference>& differences) {
  Json metrics = Json::object();
  for (const Difference& d : differences) {
    Json entry = json_of(d.relative);
    entry["distinguishable"] = d.distinguishable();
    entry["better"] = d.distinguishable() ? Json(d.better()) : Json(nullptr);
    entry["judgement"] = judgement(d);
    entry["text"] = difference_text(d);
    metrics[compared_metrics()[d.metric].key] = std::move(entry);
  }
  return {{"scenario", b.path},
          {"against", a.path},
          {"answer", answer(a, b, differences)},
          {"relative", std::move(metrics)}};
}

}  // namespace

std::string comparison_terminal(const Comparison& comparison) {
  const Contender& first = comparison.contenders.front();
  std::string text;
  for (std::size_t c = 0; c < comparison.differences.size(); ++c)
    text += answer(first, comparison.contenders[c + 1], comparison.differences[c]) + "\n";
  text += basis(comparison) + "\n";
  for (std::size_t c = 0; c < comparison.differences.size(); ++c) {
    text += fmt::format("\n{} against {}:\n", comparison.contenders[c + 1].name, first.name) +
            differences_table(comparison.differences[c]);
  }
  text += figures_table(comparison);
  for (const std::string& note : notes(comparison)) text += fmt::format("note: {}\n", note);
  return text;
}

std::string comparison_json(const Comparison& comparison) {
  Json json = {{"schema_version", 1},
               {"version", kVersion},
               {"commit", kCommit},
               {"level", kConfidenceLevel},
               {"method", kMethod},
               {"basis", basis(comparison)},
               {"notes", notes(comparison)},
               {"seeds", comparison.seeds},
               {"overrides", comparison.overrides},
               {"same_requests", comparison.same_requests},
               {"metrics", metrics_json()},
               {"scenarios", Json::array()},
               {"differences", Json::array()}};
  for (const Contender& c : comparison.contenders) json["scenarios"].push_back(json_of(c));
  for (std::size_t c = 0; c < comparison.differences.size(); ++c) {
    json["differences"].push_back(
        json_of(comparison.contenders.front(), comparison.contenders[c + 1], comparison.differences[c]));
  }
  return json.dump(2) + "\n";
}

}  // namespace flotilla::analysis
