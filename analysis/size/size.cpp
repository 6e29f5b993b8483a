#include "analysis/size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "analysis/size_search.hpp"
#include "analysis/summary/json.hpp"

namespace flotilla::analysis {

namespace {

/// More than this share of refused requests, and the rest of the figures speak for the wrong users: a p99 with 1 % left
/// out.
constexpr double kMostRefused = 0.01;

double refused_share(const Summary& s) {
  return s.conservation.injected == 0
             ? 0.0
             : static_cast<double>(s.conservation.rejected) / static_cast<double>(s.conservation.injected);
}

bool refuses(const Summary& s) { return refused_share(s) > kMostRefused; }

/// No latency was measured: nothing finished, or nothing that arrived after the warm-up.
bool measured_nothing(const Summary& s) { return s.e2el.mean == 0; }

/// What stands under a dotted key ("kv.peak_usage").
std::optional<nlohmann::ordered_json> value_at(const Summary& summary, const std::string& metric) {
  auto value = to_json(summary);
  for (std::size_t start = 0; start <= metric.size();) {
    const std::size_t end = std::min(metric.find('.', start), metric.size());
    const std::string key = metric.substr(start, end - start);
    if (!value.is_object() || !value.contains(key)) return std::nullopt;
    value = nlohmann::ordered_json(value.at(key));
    start = end + 1;
  }
  return value;
}

}  // namespace

std::optional<double> metric_of(const Summary& summary, const std::string& metric) {
  const auto value = value_at(summary, metric);
  return value && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

namespace {

bool better(const Candidate& a, const Candidate& b) {
  const auto key = [](const Candidate& c) {
    return std::tuple(!c.feasible, !c.dearer, c.summary.cost.usd_per_hour.value_or(0), c.gpus, c.scenario,
                      c.tensor_parallel_size);
  };
  return key(a) < key(b);
}

}  // namespace

Constraint parse_constraint(const std::string& text) {
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string::npos || at + 1 >= text.size() || text[at + 1] != '=') {
    throw std::invalid_argument(
        fmt::format("'{}' is no promise: write it as p99_tpot_ms<=20 or goodput_ratio>=0.99", text));
  }
  Constraint c;
  c.text = text;
  c.metric = text.substr(0, at);
  c.at_most = text[at] == '<';
  const std::string number = text.substr(at + 2);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), c.limit);
  if (error != std::errc() || end != number.data() + number.size()) {
    throw std::invalid_argument(fmt::format("'{}': '{}' is not a number", text, number));
  }
  std::vector<std::string> names;
  for (const MetricDefinition& m : metric_definitions()) {
    const auto value = value_at(Summary{}, m.key);
    const bool interval = m.key.rfind("confidence.", 0) == 0;
    if (value && !interval && (value->is_number() || value->is_null())) names.push_back(m.key);
  }
  if (std::find(names.begin(), names.end(), c.metric) == names.end()) {
    const std::string near = reader::did_you_mean(c.metric, names);
    throw std::invalid_argument(
        fmt::format("'{}': no metric is called '{}'; {}", text, c.metric,
                    near.empty() ? "see: flotilla list metrics" : "did you mean '" + near + "'?"));
  }
  return c;
}

bool holds(const Constraint& c, const Summary& summary) {
  const auto value = metric_of(summary, c.metric);
  return value && (c.at_most ? *value <= c.limit : *value >= c.limit);
}

bool means_nothing(const Summary& s) { return s.verdict == Verdict::kSaturated || refuses(s) || measured_nothing(s); }

std::string broken_promise(const Summary& s, const std::vector<Constraint>& constraints) {
  if (refuses(s)) return fmt::format("refuses {:.1f} % of the requests", 100 * refused_share(s));
  if (measured_nothing(s)) return "no request is measured after the warm-up";
  if (s.verdict == Verdict::kSaturated) return "saturated";
  for (const Constraint& c : constraints) {
    if (holds(c, s)) continue;
    const auto value = metric_of(s, c.metric);
    return value ? fmt::format("{} is {:.4g}", c.metric, *value) : fmt::format("{} has no value", c.metric);
  }
  return "";
}

std::vector<Candidate> smallest_fleets(const std::vector<std::string>& scenarios,
                                       const std::vector<std::string>& overrides,
                                       const std::vector<Constraint>& constraints, const SizingPlan& plan) {
  std::vector<SizeSearch> searches;
  std::vector<Candidate> candidates;
  for (const std::string& scenario : scenarios) {
    for (const int tp : plan.tensor_parallel_sizes) {
      try {
        searches.emplace_back(scenario, tp, overrides, constraints, plan.progress);
      } catch (const InputError& e) {
        if (e.path().rfind("serving[0]", 0) != 0) throw;  // not this candidate's fault
        Candidate impossible;
        impossible.scenario = scenario;
        impossible.tensor_parallel_size = tp;
        impossible.binding = e.message();
        candidates.push_back(std::move(impossible));
      }
    }
  }
  // The cheapest by its bound first: what it comes to spares the others their search.
  std::stable_sort(searches.begin(), searches.end(),
                   [](const SizeSearch& a, const SizeSearch& b) { return a.least_cost() < b.least_cost(); });
  double best = std::numeric_limits<double>::infinity();
  for (SizeSearch& search : searches) {
    const double limit = plan.all ? std::numeric_limits<double>::infinity() : best;
    try {
      candidates.push_back(search.run(limit));
    } catch (const InputError& e) {
      if (e.path().rfind("serving[0]", 0) != 0) throw;
      candidates.push_back(search.impossible(e.message()));
    }
    if (candidates.back().feasible) best = std::min(best, search.cost_of(candidates.back().replicas));
  }
  std::stable_sort(candidates.begin(), candidates.end(), better);
  return candidates;
}

}  // namespace flotilla::analysis
