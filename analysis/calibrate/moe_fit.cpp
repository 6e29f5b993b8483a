#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "analysis/calibrate/fit_rows.hpp"

namespace flotilla::analysis {
namespace {

struct MoeRow {
  models::MoeShape shape;
  models::ExpertLoad load;
  int tokens = 0;
  Timed timed;
};

models::MoeCoefficients unpack(const Eigen::VectorXd& p) {
  return {p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]};
}

/// The fastest kernel of each shape, routing and number of tokens.
std::vector<MoeRow> rows_of(const Table& t, const KernelCell& cell, const KernelFormat& format,
                            const std::string& kernel, CollectedLoads& loads) {
  std::map<std::tuple<double, double, double, double, double, double, double, std::string>, MoeRow> fastest;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!in_cell(t, i, cell) || t.text(i, "dtype") != format.label) continue;
    if (t.text(i, "kernel").find(kernel) == std::string::npos) continue;
    const double tp = t.number(i, "moe_tp"), ep = t.number(i, "moe_ep");
    if (tp > 8 || ep > 64) continue;
    MoeRow row;
    row.shape.hidden = t.number(i, "hidden");
    row.shape.intermediate = t.number(i, "inter") / tp;
    row.shape.experts = static_cast<int>(t.number(i, "experts"));
    row.shape.experts_per_token = static_cast<int>(t.number(i, "topk"));
    row.shape.ranks = static_cast<int>(ep);
    row.shape.weight_bytes_per_element = bytes_per_element(format.stored);
    row.tokens = static_cast<int>(t.number(i, "num_tokens"));
    row.timed = {t.number(i, "time_us") * 1e-6, ep <= 8 ? 1.0 : 0.4};
    const auto& routing = t.text(i, "routing");
    auto& best = fastest[{row.shape.hidden, row.shape.intermediate, row.shape.experts, row.shape.experts_per_token, tp,
                          ep, row.tokens, routing}];
    if (best.tokens > 0 && best.timed.seconds <= row.timed.seconds) continue;
    row.load = loads.load(row.shape, routing, row.tokens);
    best = row;
  }
  std::vector<MoeRow> rows;
  for (const auto& [key, row] : fastest) rows.push_back(row);
  return rows;
}

}  // namespace

models::MoeCoefficients fit_moe(const Table& t, const KernelCell& cell, const KernelFormat& format,
                                const std::string& kernel, CollectedLoads& loads, MoeFitError& error) {
  const auto rows = rows_of(t, cell, format, kernel, loads);
  error = {};
  if (rows.empty()) return {};
  const models::Roofline roof{models::peak_of(cell.gpu, std::string(format.name)), cell.gpu.hbm_bandwidth.value()};
  const Positive box{{0.5, 0.7, 15e-6, 3e-6, 2, 32, 5e5, 4, 1},
                     {0.02, 0.1, 1e-6, 1e-8, 1, 0.1, 1e3, 0.1, 0.01},
                     {1, 1, 3e-4, 1e-4, 8, 512, 1e8, 100, 50}};
  const auto predict = [&](const models::MoeCoefficients& c, const MoeRow& row) {
    return moe_time(c, row.shape, roof, row.load).total();
  };
  const auto c = fit_rows<MoeRow, models::MoeCoefficients>(rows, box, unpack, predict, error.all);
  std::vector<MoeRow> decoding;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(decoding),
               [](const auto& row) { return row.tokens <= 512 && row.shape.ranks <= 8; });
  error.decoding = statistics(log_errors<MoeRow>(decoding, [&](const auto& row) { return predict(c, row); }));
  return c;
}

}  // namespace flotilla::analysis
