#include "analysis/summary/curves.hpp"

namespace flotilla::analysis {

namespace {

std::vector<double> percents() {
  std::vector<double> all;
  constexpr int kHalves = 198;  // 0, 0.5, ..., 98.5
  for (int i = 0; i < kHalves; ++i) all.push_back(0.5 * i);
  for (const double tail : {99.0, 99.1, 99.2, 99.3, 99.4, 99.5, 99.6, 99.7, 99.8, 99.9, 99.95, 99.99, 100.0})
    all.push_back(tail);
  return all;
}

}  // namespace

const std::vector<double>& curve_percents() {
  static const std::vector<double> all = percents();
  return all;
}

nlohmann::ordered_json to_json(const Curves& curves) {
  return {{"percent", curve_percents()},
          {"ttft_ms", curves.ttft},
          {"tpot_ms", curves.tpot},
          {"itl_ms", curves.itl},
          {"e2el_ms", curves.e2el}};
}

}  // namespace flotilla::analysis
