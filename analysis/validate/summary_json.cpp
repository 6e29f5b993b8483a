#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/validate/writers.hpp"
#include "analysis/version.hpp"

namespace flotilla::analysis {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const ErrorStatistics& s) {
  Json j{{"n", s.n}};
  if (s.n == 0) return j;
  j["median"] = s.median, j["p90"] = s.p90, j["mape"] = s.mean, j["bias"] = s.bias;
  return j;
}

Json to_json(const Group& group) {
  Json j{{"name", group.name}, {"points", group.points.size()}, {"predicted", group.predicted()}};
  j["skipped"] = group.skipped();
  for (const Metric metric : kMetrics) j[name_of(metric)] = to_json(error_statistics(group.points, metric));
  return j;
}

Json to_json(const ClassGroup& c) {
  Json j = to_json(c.group);
  j["key"] = c.of->key;
  for (const Metric metric : kMetrics) {
    Json& cell = j[name_of(metric)];
    const bool asked = std::count(c.of->reported.begin(), c.of->reported.end(), metric) > 0;
    cell["judgement"] = asked ? name_of(judge(*c.of, metric, error_statistics(c.group.points, metric))) : "unasked";
    if (const Target* target = c.of->target(metric)) {
      cell["target_median"] = target->median;
      if (target->p90) cell["target_p90"] = *target->p90;
    }
  }
  return j;
}

Json to_json(const std::vector<Group>& groups) {
  Json list = Json::array();
  for (const Group& group : groups) list.push_back(to_json(group));
  return list;
}

}  // namespace

nlohmann::ordered_json summary(const Validation& validation) {
  const Group everything{"all rows", validation.all()};
  Json j{{"version", kVersion},
         {"commit", kCommit},
         {"points", everything.points.size()},
         {"predicted", everything.predicted()}};
  j["skipped"] = everything.skipped();
  j["classes"] = Json::array();
  for (const ClassGroup& c : validation.classes()) j["classes"].push_back(to_json(c));
  j["variations"] = Json::array();
  for (const auto& [variation, group] : validation.variations()) {
    Json& v = j["variations"].emplace_back(to_json(group));
    v["class"] = variation->of->key;
    v["assumption"] = variation->assumption;
  }
  if (!validation.ledger().empty()) {
    j["memory_ledger"] = to_json(ledger_errors(validation.ledger()));
    j["memory_ledger"]["worst"] = worst_error(validation.ledger());
    j["memory_ledger"]["target_worst"] = kLedgerTarget;
  }
  j["by_gpu"] = to_json(validation.by([](const MeasuredPoint& p) { return p.gpu; }));
  j["by_engine"] = to_json(validation.by([](const MeasuredPoint& p) { return p.engine; }));
  j["by_model"] = to_json(validation.by([](const MeasuredPoint& p) { return p.model; }));
  j["by_parallelism"] = to_json(validation.by(parallelism_of));
  j["not_clean"] = to_json(validation.not_clean());
  return j;
}

}  // namespace flotilla::analysis
