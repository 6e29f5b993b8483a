// Classes of measured points that are judged together, each with the errors it is meant to stay within.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/validate/statistics.hpp"

namespace flotilla::analysis {

/// Median and 90th percentile of absolute errors, as ratios.
struct Target {
  Metric metric;
  double median;
  std::optional<double> p90;
};

struct PointClass {
  std::string key;    ///< "llama-70b"
  std::string title;  ///< for people
  std::vector<Metric> reported;
  std::vector<Target> targets;
  bool (*holds)(const MeasuredPoint&);

  [[nodiscard]] const Target* target(Metric) const;
};

/// Every class, in the order of reports. A point belongs to the first that holds it; the last holds every point.
const std::vector<PointClass>& point_classes();
const PointClass& class_of(const MeasuredPoint&);

enum class Judgement { kMet, kMissed, kReported, kNothingToJudge };
/// kReported where the class has no target for the metric; kNothingToJudge where no point was predicted.
Judgement judge(const PointClass&, Metric, const ErrorStatistics&);
const char* name_of(Judgement);

}  // namespace flotilla::analysis
