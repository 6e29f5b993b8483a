#include "sim/workload/length_file.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <vector>

#include "sim/workload/lengths.hpp"
#include "sim/workload/trace/format.hpp"
#include "sim/workload/trace/line_reader.hpp"
#include "sim/workload/trace/row_parser.hpp"

namespace flotilla::sim {
namespace {

bool parse_number(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

[[noreturn]] void fail(const LineReader& lines, std::string_view line, std::string_view field,
                       const std::string& message, const std::string& hint = {}) {
  const int column = std::max(1, column_of(field, line));
  throw InputError({lines.path(), static_cast<int>(lines.line_number()), column, std::string(line)}, "", message, hint);
}

struct Columns {
  std::size_t tokens = 0;
  std::optional<std::size_t> weight;
};

Columns columns_of(const std::vector<std::string_view>& header, const std::optional<std::string>& wanted,
                   const LineReader& lines, std::string_view line) {
  Columns columns;
  if (wanted) {
    const int found = find_column(header, {*wanted});
    const std::vector<std::string> names(header.begin(), header.end());
    if (found < 0)
      fail(lines, line, line, fmt::format("there is no column '{}' in this file", *wanted),
           reader::suggest(*wanted, names));
    columns.tokens = static_cast<std::size_t>(found);
  }
  const int weight = find_column(header, {"weight"});
  if (weight >= 0) columns.weight = static_cast<std::size_t>(weight);
  return columns;
}

}  // namespace

std::map<std::int32_t, double> read_length_file(const InputFile& file, const std::optional<std::string>& column) {
  LineReader lines(file.resolve());
  std::map<std::int32_t, double> weights;
  std::optional<Columns> columns;
  for (std::string_view line; lines.next(line);) {
    const auto fields = split_csv(line, ',');
    if (fields.size() == 1 && fields.front().empty()) continue;
    double tokens = 0;
    double weight = 1;
    if (!columns) {
      const bool header = !parse_number(fields.front(), tokens);
      if (!header && column)
        fail(lines, line, line, fmt::format("there is no column '{}': this file has no header line", *column));
      columns = header ? columns_of(fields, column, lines, line) : Columns{};
      if (header) continue;
      if (fields.size() > 1) columns->weight = 1;
    }
    if (fields.size() <= std::max(columns->tokens, columns->weight.value_or(0)))
      fail(lines, line, line, "a column is missing");
    const std::string_view text = fields[columns->tokens];
    if (!parse_number(text, tokens) || tokens != std::floor(tokens) || tokens < 1 || tokens > kMostTokens) {
      fail(lines, line, text, fmt::format("'{}' is not a number of tokens from 1 to {}", text, kMostTokens));
    }
    if (columns->weight && (!parse_number(fields[*columns->weight], weight) || !(weight >= 0) || std::isinf(weight))) {
      fail(lines, line, fields[*columns->weight], "a weight should be a number of at least 0");
    }
    if (weight > 0) weights[static_cast<std::int32_t>(tokens)] += weight;
  }
  if (weights.empty()) file.fail("this file holds no lengths", "one whole number per line");
  return weights;
}

}  // namespace flotilla::sim
