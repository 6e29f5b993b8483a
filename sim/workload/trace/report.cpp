#include "sim/workload/trace/report.hpp"

#include <fmt/format.h>

namespace flotilla::sim {
namespace {

/// 1234567 -> "1,234,567".
std::string grouped(std::int64_t number) {
  std::string text = fmt::format("{}", number);
  for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3) {
    text.insert(static_cast<std::size_t>(place), ",");
  }
  return text;
}

void add_count(std::string& text, std::int64_t count, const char* what) {
  if (count > 0) text += fmt::format("  {:>12} {}\n", grouped(count), what);
}

}  // namespace

std::string to_text(const TraceReport& report) {
  std::string text = fmt::format("Trace {} ({}{}", report.path, report.format, report.format_detected ? ", detected" : "");
  if (report.time_unit_detected) text += fmt::format("; times in {}, by their size", report.time_unit);
  text += fmt::format(")\n  {:>12} lines read\n", grouped(report.lines));
  const bool timed = !report.time_unit.empty() && report.requests > 0;
  text += fmt::format("  {:>12} requests{}\n", grouped(report.requests),
                      timed ? fmt::format(", recorded within {:.1f} s", report.last_time - report.first_time) : "");
  add_count(text, report.dropped_zero_length, "left out: no input or no output tokens");
  add_count(text, report.counted_as_one, "with no input or no output tokens, counted as 1");
  add_count(text, report.dropped_too_long, "left out: prompt above max_input_tokens");
  add_count(text, report.clipped, "prompts cut to max_input_tokens");
  add_count(text, report.before_start, "left out: before start");
  add_count(text, report.reordered, "lines out of order, put back in order");
  add_count(text, report.repeated_headers, "header lines repeated inside the file, skipped");
  add_count(text, report.hash_mismatches, "requests whose hash_ids do not cover their input: is block_size right?");
  add_count(text, report.bad_lines, "bad lines skipped");
  for (const BadLine& bad : report.first_bad_lines) text += fmt::format("{:>17} {}: {}\n", "line", bad.line, bad.reason);
  if (report.bad_lines > static_cast<std::int64_t>(report.first_bad_lines.size())) text += fmt::format("{:>17}\n", "...");
  return text;
}

}  // namespace flotilla::sim
