#include "sim/workload/lengths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/workload/length_file.hpp"

namespace flotilla::sim {
namespace {

void check_lognormal(const LognormalLength& l, const reader::Node& node) {
  const int given = (l.mean ? 1 : 0) + (l.p50 ? 1 : 0) + (l.sigma ? 1 : 0);
  if (given != 2) {
    node.fail(
        fmt::format("two of mean, p50 and sigma say which distribution; {} {} given", given, given == 1 ? "is" : "are"),
        "for example {lognormal: {mean: 1155, p50: 1020, max: 8192}}");
  }
  if (l.mean && l.p50 && *l.mean < *l.p50)
    node.fail_for("mean", "the mean of a lognormal is never below its median (p50)");
  if (l.max && l.p50 && *l.max < *l.p50) node.fail_for("max", "the longest is below the median (p50)");
}

}  // namespace

double LognormalLength::log_deviation() const { return sigma ? *sigma : std::sqrt(2 * std::log(*mean / *p50)); }

double LognormalLength::mu() const {
  const double deviation = log_deviation();
  return p50 ? std::log(*p50) : std::log(*mean) - deviation * deviation / 2;
}

const reader::Schema<LognormalLength>& LognormalLength::schema() {
  using L = LognormalLength;
  static const auto s = reader::Schema<L>("lognormal_length", "Two of mean, p50 and sigma: mean = p50 exp(sigma^2 / 2)")
                            .key("mean", &L::mean, "mean, before it is cut at max",
                                 {.min = 1, .max = kMostTokens, .unit = "tokens", .default_text = "from the others"})
                            .key("p50", &L::p50, "median",
                                 {.min = 1, .max = kMostTokens, .unit = "tokens", .default_text = "from the others"})
                            .key("sigma", &L::sigma, "standard deviation of the logarithm",
                                 {.min = 0, .max = 10, .default_text = "from the others"})
                            .key("max", &L::max, "longer draws are cut to this",
                                 {.min = 1, .max = kMostTokens, .unit = "tokens", .default_text = "100,000,000"})
                            .check(check_lognormal);
  return s;
}

const reader::Schema<EmpiricalLength>& EmpiricalLength::schema() {
  using E = EmpiricalLength;
  static const auto s =
      reader::Schema<E>("empirical_length", "Lengths found in a file, drawn as often as they occur there")
          .key("path", &E::path, "one length per line, a second column says how often; or a CSV file with a header",
               {.required = true})
          .key("column", &E::column, "of the CSV file", {.default_text = "the first"});
  return s;
}

LengthSampler::LengthSampler(const LengthSpec& spec) : spec_(spec) {
  if (const auto* lognormal = std::get_if<LognormalLength>(&spec_)) {
    mu_ = lognormal->mu();
    sigma_ = lognormal->log_deviation();
  }
  if (const auto* empirical = std::get_if<EmpiricalLength>(&spec_)) {
    double sum = 0;
    for (const auto& [tokens, weight] : read_length_file(empirical->path, empirical->column)) {
      values_.push_back(tokens);
      cumulative_.push_back(sum += weight);
    }
  }
}

std::int32_t LengthSampler::draw(RandomEngine& engine) const {
  if (const auto* fixed = std::get_if<FixedLength>(&spec_)) return fixed->tokens;
  if (const auto* uniform = std::get_if<UniformLength>(&spec_)) {
    return static_cast<std::int32_t>(draw_integer(engine, uniform->low, uniform->high));
  }
  if (std::holds_alternative<LognormalLength>(spec_)) {
    const double tokens = std::round(std::exp(mu_ + sigma_ * draw_normal(engine)));
    return static_cast<std::int32_t>(std::clamp(tokens, 1.0, static_cast<double>(max())));
  }
  const double point = draw_unit(engine) * cumulative_.back();
  const auto place = std::upper_bound(cumulative_.begin(), cumulative_.end(), point) - cumulative_.begin();
  return values_[std::min(static_cast<std::size_t>(place), values_.size() - 1)];
}

double LengthSampler::mean() const {
  if (const auto* fixed = std::get_if<FixedLength>(&spec_)) return fixed->tokens;
  if (const auto* uniform = std::get_if<UniformLength>(&spec_))
    return (static_cast<double>(uniform->low) + uniform->high) / 2;
  if (std::holds_alternative<LognormalLength>(spec_)) return std::exp(mu_ + sigma_ * sigma_ / 2);
  double sum = 0;
  for (std::size_t i = 0; i < values_.size(); ++i)
    sum += values_[i] * (cumulative_[i] - (i == 0 ? 0 : cumulative_[i - 1]));
  return sum / cumulative_.back();
}

std::int32_t LengthSampler::max() const {
  if (const auto* fixed = std::get_if<FixedLength>(&spec_)) return fixed->tokens;
  if (const auto* uniform = std::get_if<UniformLength>(&spec_)) return uniform->high;
  if (const auto* lognormal = std::get_if<LognormalLength>(&spec_)) return lognormal->max.value_or(kMostTokens);
  return values_.back();
}

}  // namespace flotilla::sim
