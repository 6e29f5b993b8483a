#include <algorithm>
#include <cctype>
#include <map>

#include "analysis/calibrate/fit_rows.hpp"
#include "models/release.hpp"

namespace flotilla::analysis {
namespace {

/// Pool adjacent violators: the nearest rising sequence.
std::vector<double> rising(const std::vector<double>& values) {
  struct Pool {
    double mean;
    int count;
  };
  std::vector<Pool> pools;
  for (const double v : values) {
    pools.push_back({v, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean > pools.back().mean) {
      const auto last = pools.back();
      pools.pop_back();
      auto& merged = pools.back();
      merged.mean = (merged.mean * merged.count + last.mean * last.count) / (merged.count + last.count);
      merged.count += last.count;
    }
  }
  std::vector<double> result;
  for (const auto& pool : pools) result.insert(result.end(), static_cast<std::size_t>(pool.count), pool.mean);
  return result;
}

/// The framework's own kernel, not another's that was filed under its name, and not launched eagerly.
bool own_variant(std::string variant, const std::string& framework) {
  std::transform(variant.begin(), variant.end(), variant.begin(), [](unsigned char c) { return std::tolower(c); });
  return variant.rfind(framework, 0) == 0 && variant.find("eager") == std::string::npos;
}

/// Release candidates of one release in the order of their text: "1.3.0rc10" before "1.3.0rc20".
bool not_older(const std::string& a, const std::string& b) {
  const int order = models::compare_releases(a, b);
  return order > 0 || (order == 0 && a >= b);
}

}  // namespace

std::vector<models::AllReduceCurve> fit_all_reduce(const Table& t, const KernelCell& cell) {
  struct Newest {
    std::string version = "0";
    double seconds = 0;
  };
  std::map<int, std::map<double, Newest>> measured;  // ranks -> bytes
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (t.text(i, "gpu") != cell.gpu_label || t.text(i, "library") != cell.framework || t.text(i, "op") != "all_reduce")
      continue;
    if (!own_variant(t.text(i, "variant"), cell.framework)) continue;
    auto& entry = measured[static_cast<int>(t.number(i, "num_gpus"))][t.number(i, "bytes")];
    if (not_older(t.text(i, "version"), entry.version)) entry = {t.text(i, "version"), t.number(i, "time_us") * 1e-6};
  }
  constexpr double kKnots[] = {8192, 131072, 524288, 1048576, 4194304, 16777216, 67108864, 1073741824};
  std::vector<models::AllReduceCurve> curves;
  for (const auto& [ranks, times] : measured) {
    std::vector<double> logs;
    for (const auto& [bytes, time] : times) logs.push_back(std::log(time.seconds));
    const auto smooth = rising(logs);
    models::AllReduceCurve curve;
    curve.ranks = ranks;
    for (const double knot : kKnots) {
      const auto found = times.find(knot);
      if (found == times.end()) continue;
      curve.bytes.push_back(knot);
      curve.seconds.push_back(std::exp(smooth[static_cast<std::size_t>(std::distance(times.begin(), found))]));
    }
    if (!curve.bytes.empty()) curves.push_back(curve);
  }
  return curves;
}

}  // namespace flotilla::analysis
