#include "analysis/validate/validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace flotilla::analysis {
namespace {

std::vector<Group> grouped(const std::vector<Compared>& points, bool clean, std::string (*name)(const MeasuredPoint&)) {
  std::map<std::string, Group> groups;
  for (const Compared& c : points) {
    if (c.point->clean != clean) continue;
    const std::string key = name(*c.point);
    groups[key].name = key;
    groups[key].points.push_back(c);
  }
  std::vector<Group> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

}  // namespace

std::size_t Group::predicted() const {
  return static_cast<std::size_t>(
      std::count_if(points.begin(), points.end(), [](const Compared& c) { return c.outcome->predicted(); }));
}

std::map<std::string, std::size_t> Group::skipped() const {
  std::map<std::string, std::size_t> reasons;
  for (const Compared& c : points) {
    if (!c.outcome->predicted()) ++reasons[c.outcome->skipped];
  }
  return reasons;
}

std::string parallelism_of(const MeasuredPoint& p) {
  if (!p.tp) return "not stated";
  std::string text = fmt::format("TP {}", *p.tp);
  const auto also = [&](const char* what, const std::optional<int>& size) {
    if (size.value_or(1) > 1) text += fmt::format(", {} {}", what, *size);
  };
  also("PP", p.pp);
  also("DP", p.attention_dp);
  also("EP", p.ep);
  return text;
}

Validation::Validation(std::vector<MeasuredPoint> points, std::vector<Outcome> outcomes,
                       std::vector<Variation> variations, std::vector<LedgerLine> ledger)
    : points_(std::move(points)),
      outcomes_(std::move(outcomes)),
      variations_(std::move(variations)),
      ledger_(std::move(ledger)) {
  for (std::size_t i = 0; i < points_.size(); ++i) all_.push_back({&points_[i], &outcomes_[i]});
}

std::vector<ClassGroup> Validation::classes() const {
  std::vector<ClassGroup> groups;
  for (const PointClass& c : point_classes()) groups.push_back({&c, {c.title, {}}});
  for (const Compared& c : all_) {
    const auto index = static_cast<std::size_t>(&class_of(*c.point) - point_classes().data());
    groups[index].group.points.push_back(c);
  }
  std::erase_if(groups, [](const ClassGroup& g) { return g.group.points.empty(); });
  return groups;
}

std::vector<Group> Validation::by(std::string (*name)(const MeasuredPoint&)) const { return grouped(all_, true, name); }

std::vector<std::pair<const Variation*, Group>> Validation::variations() const {
  std::vector<std::pair<const Variation*, Group>> list;
  for (const Variation& v : variations_) {
    Group group{fmt::format("{}: {}", v.of->title, v.assumption), {}};
    for (std::size_t i = 0; i < v.points.size(); ++i) group.points.push_back({&points_[v.points[i]], &v.outcomes[i]});
    list.emplace_back(&v, std::move(group));
  }
  return list;
}

std::vector<Group> Validation::not_clean() const {
  return grouped(all_, false, [](const MeasuredPoint& p) { return p.flag; });
}

}  // namespace flotilla::analysis
