// Errors of serving points, gathered by model and figure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/calibrate/serving_fit.hpp"

namespace flotilla::analysis {

class ErrorTable {
 public:
  void add(const models::Calibration&, const std::vector<ServingPoint>&);
  /// Relative errors by "model, format" and figure ("TPOT", "TTFT", "throughput").
  [[nodiscard]] const std::map<std::pair<std::string, std::string>, std::vector<double>>& errors() const {
    return errors_;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::vector<double>> errors_;
};

struct ErrorFigures {
  std::size_t points = 0;
  double median = 0, p90 = 0;  ///< absolute
  double bias = 0;             ///< median, with its sign
};
ErrorFigures figures_of(const std::vector<double>& errors);

}  // namespace flotilla::analysis
