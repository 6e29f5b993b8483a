#include "analysis/size/promise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "analysis/statistics/intervals.hpp"
#include "analysis/summary/json.hpp"
#include "scenarios/reader/schema.hpp"

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

std::string broken_promise(const std::vector<Summary>& runs, const std::vector<Constraint>& constraints) {
  if (runs.size() == 1) return broken_promise(runs.front(), constraints);
  for (const Summary& s : runs) {
    if (means_nothing(s)) return fmt::format("{} with seed {}", broken_promise(s, constraints), s.sim.seed);
  }
  for (const Constraint& c : constraints) {
    std::vector<double> values;
    for (const Summary& s : runs) {
      if (const auto value = metric_of(s, c.metric)) values.push_back(*value);
    }
    if (values.size() < runs.size()) return fmt::format("{} has no value", c.metric);
    const Estimate e = estimate_mean(values);
    if (c.at_most ? e.interval->high <= c.limit : e.interval->low >= c.limit) continue;
    return fmt::format("{} is {:.4g} [{:.4g}, {:.4g}]", c.metric, e.mean, e.interval->low, e.interval->high);
  }
  return "";
}

}  // namespace flotilla::analysis
