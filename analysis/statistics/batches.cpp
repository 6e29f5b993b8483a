#include "analysis/statistics/batches.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "analysis/summary/statistics.hpp"

namespace flotilla::analysis {

namespace {

constexpr std::size_t kFewestPerBatch = 10;
/// One-sided 5 % point of the normal distribution: a correlation of neighbours that chance gives one time in twenty.
constexpr double kSuspicious = 1.645;

/// Sums of equally long batches; what is left over at the end is left out. `of(i)` is the i-th value.
template <class Value>
std::vector<double> batch_means(std::size_t count, std::size_t batches, Value of) {
  const std::size_t length = count / batches;
  std::vector<double> means(batches);
  std::size_t i = 0;
  for (double& mean : means) {
    double sum = 0;
    for (const std::size_t end = i + length; i < end; ++i) sum += of(i);
    mean = sum / static_cast<double>(length);
  }
  return means;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

struct Scatter {
  double squares = 0;     ///< of deviations from the mean
  double neighbours = 0;  ///< products of neighbours' deviations
};

Scatter scatter_of(const std::vector<double>& means) {
  const double mean = mean_of(means);
  Scatter s;
  for (std::size_t i = 0; i < means.size(); ++i) {
    const double d = means[i] - mean;
    s.squares += d * d;
    if (i + 1 < means.size()) s.neighbours += d * (means[i + 1] - mean);
  }
  return s;
}

/// Of neighbours, without the bias: that of independent means is about normal, with mean -1/n and variance 1/n.
double correlation(const std::vector<double>& means) {
  const Scatter s = scatter_of(means);
  return s.squares > 0 ? s.neighbours / s.squares + 1 / static_cast<double>(means.size()) : 0;
}

bool correlated(const std::vector<double>& means) {
  return correlation(means) > kSuspicious / std::sqrt(static_cast<double>(means.size()));
}

void merge_pairs(std::vector<double>& means) {
  for (std::size_t i = 0; i < means.size() / 2; ++i) means[i] = (means[2 * i] + means[2 * i + 1]) / 2;
  means.resize(means.size() / 2);
}

/// Half of the interval of a mean; none where the batches cannot be made independent, or where `good_enough` will not
/// have their means. A correlation too weak to be sure of is taken for that of an autoregressive process, whose mean
/// scatters by (1 + r) / (1 - r) more.
template <class Value, class GoodEnough>
std::optional<double> half_width(std::size_t count, double level, Value of, GoodEnough good_enough) {
  std::size_t batches = kMostBatches;
  while (batches >= kFewestBatches && count / batches < kFewestPerBatch) batches /= 2;
  if (batches < kFewestBatches) return std::nullopt;
  std::vector<double> means = batch_means(count, batches, of);
  while (correlated(means) || !good_enough(means)) {
    if (means.size() / 2 < kFewestBatches) return std::nullopt;
    merge_pairs(means);
  }
  const auto n = static_cast<double>(means.size());
  const double r = std::max(0.0, correlation(means));
  const double variance = scatter_of(means).squares / (n - 1) * (1 + r) / (1 - r);
  return student_t(level, n - 1) * std::sqrt(variance / n);
}

/// Three in four batches hold values on the rarer side of the percentile: else these come in bursts, too few of them to
/// know how often.
bool both_sides(const std::vector<double>& shares) {
  const auto above = std::count_if(shares.begin(), shares.end(), [](double share) { return share < 1; });
  const auto below = std::count_if(shares.begin(), shares.end(), [](double share) { return share > 0; });
  return 4 * std::min(above, below) >= 3 * static_cast<std::ptrdiff_t>(shares.size());
}

}  // namespace

std::optional<Interval> mean_interval(std::span<const double> series, double level) {
  const auto half = half_width(
      series.size(), level, [&](std::size_t i) { return series[i]; }, [](const auto&) { return true; });
  if (!half) return std::nullopt;
  double sum = 0;
  for (const double v : series) sum += v;
  const double mean = sum / static_cast<double>(series.size());
  return Interval{mean - *half, mean + *half};
}

std::optional<Interval> percentile_interval(std::span<const double> series, std::span<const double> sorted, double q,
                                            double level) {
  if (series.empty()) return std::nullopt;
  const double found = percentile(sorted, q);
  const auto half = half_width(
      series.size(), level, [&](std::size_t i) { return static_cast<double>(series[i] <= found); }, both_sides);
  if (!half || q + 100 * *half > 100) return std::nullopt;
  return Interval{percentile(sorted, std::max(0.0, q - 100 * *half)), percentile(sorted, q + 100 * *half)};
}

std::size_t mser5(std::span<const double> series) {
  constexpr std::size_t kPerMean = 5;
  const std::size_t count = series.size() / kPerMean;
  if (count < 2) return 0;
  const auto means = batch_means(count * kPerMean, count, [&](std::size_t i) { return series[i]; });
  double sum = 0;  // over what would be kept if the first d means were cut off
  double squares = 0;
  double least = INFINITY;
  std::size_t best = 0;
  const double centre = mean_of(means);  // against cancellation
  for (std::size_t d = count; d-- > 0;) {
    const double v = means[d] - centre;
    sum += v;
    squares += v * v;
    if (d > count / 2) continue;
    const auto kept = static_cast<double>(count - d);
    const double error = (squares - sum * sum / kept) / (kept * kept);
    if (error <= least) {
      least = error;
      best = d;
    }
  }
  return best * kPerMean;
}

}  // namespace flotilla::analysis
