#include "analysis/calibrate/fit_rows.hpp"

namespace flotilla::analysis {
namespace {

struct GemmRow {
  models::GemmShape shape;
  double tokens = 0;
  Timed timed;
};

models::GemmCoefficients unpack(const Eigen::VectorXd& p) { return {p[0], p[1], p[2], p[3], p[4], p[5]}; }

}  // namespace

models::GemmCoefficients fit_gemm(const Table& t, const KernelCell& cell, const KernelFormat& format,
                                  KernelFitError& error) {
  std::vector<GemmRow> rows;
  int seen = 0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!in_cell(t, i, cell) || t.text(i, "dtype") != format.label) continue;
    const double m = t.number(i, "m"), n = t.number(i, "n"), k = t.number(i, "k");
    if (n < 512 || k < 512 || n * k < 1048576 || n * k > 6e8 || m > 16384 || seen++ % 3 != 0) continue;
    GemmRow row;
    row.shape = {n, k, bytes_per_element(format.stored)};
    row.tokens = m;
    row.timed = {t.number(i, "time_us") * 1e-6, n * k < 8 * 1048576 ? 0.5 : 1.0};
    rows.push_back(row);
  }
  error = {};
  if (rows.empty()) return {};
  const models::Roofline roof{models::peak_of(cell.gpu, std::string(format.name)), cell.gpu.hbm_bandwidth.value()};
  const Positive box{{0.7, 0.8, 3e-6, 2, 30, 1e5}, {0.1, 0.2, 1e-7, 1, 1, 100}, {1, 1, 3e-5, 8, 600, 1e7}};
  return fit_rows<GemmRow, models::GemmCoefficients>(
      rows, box, unpack,
      [&](const auto& c, const auto& row) { return gemm_time(c, row.shape, roof, row.tokens).total(); }, error);
}

}  // namespace flotilla::analysis
