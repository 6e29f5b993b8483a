// How long prompts and answers are: the distributions a user may write, and drawing from them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "scenarios/reader/schema.hpp"
#include "sim/workload/input_file.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {

inline constexpr std::int32_t kMostTokens = 100'000'000;  ///< of one prompt or answer

struct FixedLength {
  std::int32_t tokens = 1;
};

/// Whole numbers from low to high, both included, all as likely.
struct UniformLength {
  std::int32_t low = 1;
  std::int32_t high = 1;
};

/// Two of mean, p50 (the median) and sigma (the standard deviation of the logarithm) say which: mean = p50 exp(sigma^2
/// / 2). Draws are rounded to whole tokens, at least 1; above `max` they are cut to it, which lowers the mean.
struct LognormalLength {
  std::optional<double> mean, p50, sigma;
  std::optional<std::int32_t> max;
  [[nodiscard]] double mu() const;             ///< mean of the logarithm
  [[nodiscard]] double log_deviation() const;  ///< sigma, given or derived
  static const reader::Schema<LognormalLength>& schema();
};

/// Lengths found in a file: one per line; with a second column, how often; or one column of a CSV file with a header.
struct EmpiricalLength {
  InputFile path;
  std::optional<std::string> column;
  static const reader::Schema<EmpiricalLength>& schema();
};

using LengthSpec = std::variant<FixedLength, UniformLength, LognormalLength, EmpiricalLength>;

/// Draws lengths. Opens the file of an empirical one (InputError if it cannot be read); its memory follows the number
/// of different lengths in it.
class LengthSampler {
 public:
  explicit LengthSampler(const LengthSpec& spec);
  [[nodiscard]] std::int32_t draw(RandomEngine& engine) const;
  /// Of the distribution, before rounding and cutting.
  [[nodiscard]] double mean() const;
  /// The longest it can give.
  [[nodiscard]] std::int32_t max() const;

 private:
  LengthSpec spec_;
  double mu_ = 0, sigma_ = 0;         ///< of a lognormal
  std::vector<std::int32_t> values_;  ///< of an empirical one, ascending
  std::vector<double> cumulative_;    ///< weights up to and including each value
};

}  // namespace flotilla::sim

namespace flotilla::reader {

template <>
struct Codec<sim::LengthSpec> {
  static sim::LengthSpec read(const Node& node);
  static std::string write(const sim::LengthSpec& spec);
  static nlohmann::ordered_json json_schema();
  static std::string type_text();
  static void nested(SchemaList& list);
};

}  // namespace flotilla::reader
