#include <map>
#include <tuple>

#include "analysis/calibrate/fit_rows.hpp"

namespace flotilla::analysis {
namespace {

struct ExchangeRow {
  int ranks = 0, experts_per_token = 0;
  double hidden = 0, dispatch_bytes = 0, tokens = 0;
  Timed timed;
};

models::ExchangeCoefficients unpack(const Eigen::VectorXd& p) { return {p[0], p[1]}; }

/// DeepEP dispatches FP8 where the table does not say.
double dispatch_bytes(const std::string& dtype) {
  if (dtype == "bfloat16") return 2;
  return dtype == "nvfp4" ? bytes_per_element(models::NumberFormat::kNvfp4) : 1;
}

}  // namespace

models::ExchangeCoefficients fit_exchange(const Table& t, const KernelCell& cell, const ExchangeLibrary& library,
                                          KernelFitError& error) {
  // Phases of one exchange; of several numbers of SMs the fastest.
  std::map<std::tuple<double, double, double, double, double, std::string>, std::map<std::string, ExchangeRow>> parts;
  const double gpus_per_node = cell.gpu_label.rfind("GB", 0) == 0 ? 4 : 8;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (t.text(i, "gpu") != cell.gpu_label || t.text(i, "library") != library.label) continue;
    const auto& phase = t.text(i, "phase");
    if (phase == "combine_low_precision") continue;
    const double nodes = t.number(i, "nodes");
    if (nodes > 1) continue;
    ExchangeRow row;
    row.ranks = static_cast<int>(nodes > 0 ? nodes * gpus_per_node : t.number(i, "ep_size"));
    row.experts_per_token = static_cast<int>(t.number(i, "topk"));
    row.hidden = t.number(i, "hidden");
    row.dispatch_bytes = dispatch_bytes(t.text(i, "dtype"));
    row.tokens = t.number(i, "num_tokens");
    row.timed.seconds = t.number(i, "time_us") * 1e-6;
    auto& known = parts[{row.ranks, row.experts_per_token, row.hidden, row.dispatch_bytes, row.tokens,
                         t.text(i, "experts")}][phase];
    if (known.ranks == 0 || row.timed.seconds < known.timed.seconds) known = row;
  }
  std::vector<ExchangeRow> rows;
  for (const auto& [key, phases] : parts) {
    if (phases.count("dispatch") == 0 || phases.count("combine") == 0) continue;
    auto row = phases.begin()->second;
    row.timed.seconds = 0;
    for (const auto& [phase, part] : phases) row.timed.seconds += part.timed.seconds;
    rows.push_back(row);
  }
  error = {};
  if (rows.empty()) return {};
  const Positive box{{15e-6, 0.5}, {1e-6, 0.01}, {1e-3, 2}};
  return fit_rows<ExchangeRow, models::ExchangeCoefficients>(
      rows, box, unpack,
      [&](const auto& c, const auto& row) {
        return expert_exchange_time(c, cell.gpu.nvlink.value(), row.ranks, row.experts_per_token, row.hidden,
                                    row.dispatch_bytes, row.tokens);
      },
      error);
}

}  // namespace flotilla::analysis
