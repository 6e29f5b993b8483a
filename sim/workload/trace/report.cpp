#include "sim/workload/trace/report.hpp"

#include <fmt/format.h>

namespace flotilla::sim {
namespace {

/// 1234567 -> "1,234,567".
std::string grouped(std::int64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

void add_count(std::string& text, std::int64_t count, const char* what) {
  if (count > 0) text += fmt::format("  {:>12} {}\n", grouped(count), what);
}

}  // namespace

std::string to_text(const TraceReport& report) {
  std::string text =
      fmt::format("Trace {} ({}{}", report.path, report.format, report.format_detected ? ", detected" : "");
  if (report.time_unit_detected) text += fmt::format("; times in {}, by their size", report.time_unit);
  text += fmt::format(")\n  {:>12} lines read\n", grouped(report.lines));
  const bool timed = !report.time_unit.empty() && report.requests > 0;
  text += fmt::format("  {:>12} requests{}\n", grouped(report.requests),
                      timed ? fmt::format(", recorded within {:.1f} s", report.last_time - report.first_time) : "");
  add_count(text, report.dropped_zero_length, "left out: no input or no output tokens");
  add_count(text, report.counted_as_one, "without input or output tokens, counted as 1");
  add_count(text, report.dropped_too_long, "left out: prompt above max_input_tokens");
  add_count(text, report.clipped, "cut to max_input_tokens");
  add_count(text, report.before_start, "left out: before start");
  add_count(text, report.reordered, "out of order, put back in order");
  add_count(text, report.repeated_headers, "skipped: header lines inside the file");
  add_count(text, report.hash_mismatches, "whose hash_ids do not cover the input: is block_size right?");
  add_count(text, report.bad_lines, "skipped: bad lines");
  for (const BadLine& bad : report.first_bad_lines)
    text += fmt::format("{:>17} {}: {}\n", "line", bad.line, bad.reason);
  if (report.bad_lines > static_cast<std::int64_t>(report.first_bad_lines.size()))
    text += fmt::format("{:>17}\n", "...");
  return text;
}

}  // namespace flotilla::sim
