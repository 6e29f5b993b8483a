#include "analysis/validate/points.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "scenarios/reader/node.hpp"

namespace flotilla::analysis {
namespace {

const char* const kRequired[] = {"id",
                                 "gpu",
                                 "model",
                                 "engine",
                                 "tp",
                                 "load_kind",
                                 "load_value",
                                 "input_tokens",
                                 "output_tokens",
                                 "ttft_ms",
                                 "tpot_or_itl_ms",
                                 "throughput_output_tok_s_per_gpu"};

const std::map<std::string, LoadKind> kLoads{
    {"concurrency (closed loop)", LoadKind::kClosedLoop},
    {"concurrency (closed loop, multi-turn clients)", LoadKind::kMultiTurn},
    {"users (closed loop with think time)", LoadKind::kMultiTurn},
    {"offline", LoadKind::kOffline},
    {"static batch", LoadKind::kStaticBatch},
    {"rate (req/s)", LoadKind::kRate},
    {"rate (req/s, Poisson)", LoadKind::kRate},
};

/// One row with its place, for reading fields.
class Row {
 public:
  Row(const Table& table, std::size_t index) : table_(table), index_(index) {}

  [[nodiscard]] std::string text(const std::string& column) const {
    return table_.has(column) ? table_.text(index_, column) : std::string();
  }

  [[nodiscard]] std::optional<double> number(const std::string& column) const {
    const std::string field = text(column);
    if (field.empty()) return std::nullopt;
    char* end = nullptr;
    const double value = std::strtod(field.c_str(), &end);
    if (*end != '\0' || std::isnan(value)) fail(column, field, "a number");
    return value;
  }

  /// A figure of a measurement: blank where it is 0, as it was not taken.
  [[nodiscard]] std::optional<double> measured(const std::string& column) const {
    const auto value = number(column);
    if (value && *value < 0) fail(column, text(column), "no negative number");
    return value && *value > 0 ? value : std::nullopt;
  }

  [[nodiscard]] std::optional<int> count(const std::string& column) const {
    const auto value = number(column);
    if (!value) return std::nullopt;
    if (*value < 1 || *value > 1e6 || *value != std::floor(*value))
      fail(column, text(column), "a whole number above 0");
    return static_cast<int>(*value);
  }

 private:
  [[noreturn]] void fail(const std::string& column, const std::string& field, const char* expected) const {
    throw table_.mistake(index_,
                         fmt::format("{}: {} is expected, {} is given", column, expected, reader::in_quotes(field)));
  }

  const Table& table_;
  std::size_t index_;
};

MeasuredPoint read_point(const Table& table, std::size_t index) {
  const Row row(table, index);
  MeasuredPoint p;
  p.id = row.text("id"), p.line = table.line(index);
  if (p.id.empty()) throw table.mistake(index, "id is blank");
  p.source = row.text("source"), p.date = row.text("date");
  p.gpu = row.text("gpu"), p.model = row.text("model"), p.engine = row.text("engine");
  p.weights = row.text("weight_precision"), p.kv = row.text("kv_precision");
  p.engine_version = row.text("engine_version");
  p.gpus = row.count("gpus_total");
  p.tp = row.count("tp"), p.pp = row.count("pp"), p.ep = row.count("ep"), p.attention_dp = row.count("attn_dp");
  p.disaggregated = row.text("disaggregated") == "yes";
  p.input_tokens = row.measured("input_tokens"), p.output_tokens = row.measured("output_tokens");
  p.lengths = row.text("length_distribution");
  p.load_text = row.text("load_kind");
  const auto kind = kLoads.find(p.load_text);
  p.load = kind == kLoads.end() ? LoadKind::kOther : kind->second;
  p.load_value = row.measured("load_value");
  p.ttft_ms = row.measured("ttft_ms"), p.tpot_ms = row.measured("tpot_or_itl_ms");
  p.ttft_statistic = row.text("ttft_stat"), p.tpot_statistic = row.text("tpot_stat");
  p.throughput = row.measured("throughput_output_tok_s_per_gpu");
  p.total_throughput = row.measured("throughput_total_tok_s_per_gpu");
  p.raw = row.text("measured_raw"), p.flag = row.text("qc_flag"), p.notes = row.text("notes");
  p.clean = row.number("clean").value_or(1) != 0;
  return p;
}

}  // namespace

std::optional<int> MeasuredPoint::deployed_gpus() const {
  return tp ? std::optional(*tp * pp.value_or(1) * attention_dp.value_or(1)) : gpus;
}

std::optional<double> MeasuredPoint::mean_output_tokens() const {
  constexpr double kMeanOfUniform = 0.9;  // of 80-100 %
  if (!output_tokens) return std::nullopt;
  return uniform_lengths() ? kMeanOfUniform * *output_tokens : *output_tokens;
}

std::optional<double> closed_loop_throughput(const MeasuredPoint& p, std::optional<double> ttft_ms,
                                             std::optional<double> tpot_ms) {
  const auto output = p.mean_output_tokens();
  const auto gpus = p.deployed_gpus();
  if (p.load != LoadKind::kClosedLoop || !p.load_value || !output || !gpus || !ttft_ms || !tpot_ms) return std::nullopt;
  const double seconds = (*ttft_ms + *tpot_ms * (*output - 1)) / 1000;
  return *p.load_value * *output / seconds / *gpus;
}

std::optional<double> measured_throughput(const MeasuredPoint& p) {
  return p.throughput ? p.throughput : closed_loop_throughput(p, p.ttft_ms, p.tpot_ms);
}

std::vector<MeasuredPoint> read_points(const Table& table) {
  for (const char* const column : kRequired) {
    if (table.has(column)) continue;
    throw table.mistake(table.size(), fmt::format("there is no column '{}'", column),
                        fmt::format("needed are {}", fmt::join(kRequired, ", ")));
  }
  std::vector<MeasuredPoint> points;
  std::map<std::string, int> lines;
  for (std::size_t i = 0; i < table.size(); ++i) {
    points.push_back(read_point(table, i));
    const auto [other, is_new] = lines.emplace(points.back().id, points.back().line);
    if (!is_new) {
      throw table.mistake(
          i, fmt::format("id {} stands in line {} already", reader::in_quotes(points.back().id), other->second));
    }
  }
  return points;
}

}  // namespace flotilla::analysis
