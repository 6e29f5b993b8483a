#include "analysis/validate/statistics.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/summary/statistics.hpp"

namespace flotilla::analysis {

const char* name_of(Metric metric) {
  switch (metric) {
    case Metric::kTpot:
      return "tpot";
    case Metric::kTtft:
      return "ttft";
    case Metric::kThroughput:
      break;
  }
  return "throughput";
}

const char* title_of(Metric metric) {
  switch (metric) {
    case Metric::kTpot:
      return "TPOT";
    case Metric::kTtft:
      return "TTFT";
    case Metric::kThroughput:
      break;
  }
  return "throughput per GPU";
}

std::optional<double> measured(const MeasuredPoint& p, Metric metric) {
  switch (metric) {
    case Metric::kTpot:
      return p.tpot_ms;
    case Metric::kTtft:
      return p.ttft_ms;
    case Metric::kThroughput:
      break;
  }
  return measured_throughput(p);
}

std::optional<double> predicted(const Outcome& o, Metric metric) {
  switch (metric) {
    case Metric::kTpot:
      return o.tpot_ms;
    case Metric::kTtft:
      return o.ttft_ms;
    case Metric::kThroughput:
      break;
  }
  return o.throughput;
}

std::optional<double> relative_error(const Compared& c, Metric metric) {
  const auto was = measured(*c.point, metric), is = predicted(*c.outcome, metric);
  return was && is ? std::optional(*is / *was - 1) : std::nullopt;
}

ErrorStatistics error_statistics(const std::vector<double>& errors) {
  ErrorStatistics s;
  s.n = errors.size();
  if (errors.empty()) return s;
  std::vector<double> sorted = errors, absolute;
  for (const double e : errors) {
    absolute.push_back(std::abs(e));
    s.mean += std::abs(e) / static_cast<double>(s.n);
  }
  std::sort(sorted.begin(), sorted.end());
  std::sort(absolute.begin(), absolute.end());
  s.median = percentile(absolute, 50);
  s.p90 = percentile(absolute, 90);
  s.bias = percentile(sorted, 50);
  return s;
}

ErrorStatistics error_statistics(const std::vector<Compared>& points, Metric metric) {
  std::vector<double> errors;
  for (const Compared& c : points) {
    if (const auto e = relative_error(c, metric)) errors.push_back(*e);
  }
  return error_statistics(errors);
}

}  // namespace flotilla::analysis
