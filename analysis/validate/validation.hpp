// A finished validation: every point with its prediction, and the errors of every group.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/validate/assumptions.hpp"
#include "analysis/validate/classes.hpp"
#include "analysis/validate/memory_ledger.hpp"

namespace flotilla::analysis {

/// Points that are looked at together.
struct Group {
  std::string name;
  std::vector<Compared> points;

  [[nodiscard]] std::size_t predicted() const;
  /// Why the others were skipped, and how many for each reason.
  [[nodiscard]] std::map<std::string, std::size_t> skipped() const;
};

struct ClassGroup {
  const PointClass* of;
  Group group;
};

/// "TP 4", "TP 4, EP 4", "TP 1, DP 8, EP 8"; "not stated".
std::string parallelism_of(const MeasuredPoint&);

class Validation {
 public:
  Validation(std::vector<MeasuredPoint> points, std::vector<Outcome> outcomes, std::vector<Variation> variations,
             std::vector<LedgerLine> ledger = {});
  Validation(const Validation&) = delete;
  Validation& operator=(const Validation&) = delete;

  [[nodiscard]] const std::vector<Compared>& all() const { return all_; }
  /// In the order of point_classes(), those without points left out.
  [[nodiscard]] std::vector<ClassGroup> classes() const;
  /// KV memory as engines logged it; empty where no ledger was given.
  [[nodiscard]] const std::vector<LedgerLine>& ledger() const { return ledger_; }
  /// Clean rows by what `name` says of them, by name.
  [[nodiscard]] std::vector<Group> by(std::string (*name)(const MeasuredPoint&)) const;
  /// Classes under other assumptions.
  [[nodiscard]] std::vector<std::pair<const Variation*, Group>> variations() const;
  /// Rows that are not clean, by the table's reason.
  [[nodiscard]] std::vector<Group> not_clean() const;

 private:
  std::vector<MeasuredPoint> points_;
  std::vector<Outcome> outcomes_;
  std::vector<Variation> variations_;
  std::vector<LedgerLine> ledger_;
  std::vector<Compared> all_;
};

}  // namespace flotilla::analysis
