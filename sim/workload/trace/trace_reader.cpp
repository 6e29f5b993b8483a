#include "sim/workload/trace/trace_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "scenarios/reader/node.hpp"

namespace flotilla::sim {
namespace {

constexpr std::int64_t kDefaultBlockSize = 512;  // tokens per hash id in the Mooncake traces
constexpr std::int64_t kCheckEvery = 1000;       // lines between two looks at the share of bad ones
constexpr std::int64_t kAllBadAfter = 100;       // lines: none of them good, none will be
constexpr std::int64_t kGoodPerBad = 1000;       // one bad line in so many is let pass
constexpr std::size_t kBadLinesShown = 5;
constexpr std::size_t kBadTextKept = 4096;  // bytes of a bad line, for the message

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

}  // namespace

TraceReader::TraceReader(const TraceSpec& spec)
    : spec_(spec),
      lines_(spec.path.resolve()),
      layout_(find_layout(spec, lines_)),
      block_size_(spec.block_size.value_or(kDefaultBlockSize)) {
  report_.path = lines_.path();
  report_.format = to_text(layout_.format);
  report_.format_detected = layout_.format_detected;
  if (spec.arrivals == TraceArrivals::kRecorded) report_.time_unit = to_text(layout_.unit);
  report_.time_unit_detected = layout_.unit_detected;
}

bool TraceReader::next(TraceRow& row) {
  if (!at_end_) fill();
  if (window_.empty()) return false;
  window_.pop(row);
  started_ = true;
  last_time_ = row.time;
  last_line_ = row.line;
  row.time -= zero_time_;
  return true;
}

void TraceReader::fill() {
  while (!window_.full() && !at_end_) {
    if (!read_into(window_.slot())) {
      at_end_ = true;
      check_bad_lines(true);
      return;
    }
    if (window_.commit()) ++report_.reordered;
  }
}

bool TraceReader::read_into(TraceRow& row) {
  std::string_view line;
  while (lines_.next(line)) {
    if (is_blank(line)) continue;
    ++report_.lines;
    if (report_.lines % kCheckEvery == 0 || report_.lines == kAllBadAfter) check_bad_lines(false);
    if (!layout_.parser->parse(line, row, error_)) {
      if (line == layout_.header) {
        ++report_.repeated_headers;
        --report_.lines;
      } else {
        count_bad(error_, line);
      }
      continue;
    }
    row.line = lines_.line_number();
    if (started_ && row.time < last_time_) {
      const double late = static_cast<double>(last_time_ - row.time) / 1e9;
      count_bad(
          {0, fmt::format(
                  "{:.3f} s earlier than line {}, which is more than {} lines away: the trace is not sorted by time",
                  late, last_line_, SortWindow::kRows)},
          line);
      continue;
    }
    const bool first = report_.lines - report_.bad_lines == 1;
    if (!started_ && (first || row.time < zero_time_)) zero_time_ = row.time;
    if (keep(row, line)) return true;
  }
  return false;
}

bool TraceReader::keep(TraceRow& row, std::string_view line) {
  report_.longest_input = std::max<std::int64_t>(report_.longest_input, row.input_tokens);
  if ((row.input_tokens == 0 || row.output_tokens == 0) && !keep_zero_length(row, line)) return false;
  if (!row.hash_ids.empty()) check_hash_ids(row);
  return !spec_.max_input_tokens || row.input_tokens <= *spec_.max_input_tokens || keep_too_long(row, line);
}

bool TraceReader::keep_zero_length(TraceRow& row, std::string_view line) {
  switch (spec_.on_zero_length) {
    case OnZeroLength::kDrop:
      ++report_.dropped_zero_length;
      return false;
    case OnZeroLength::kCountAs1:
      break;
    case OnZeroLength::kFail:
      fail_at_line(line, fmt::format("a request of {} input and {} output tokens", row.input_tokens, row.output_tokens),
                   "trace.on_zero_length: drop leaves such requests out, count_as_1 keeps them");
  }
  ++report_.counted_as_one;
  row.input_tokens = std::max(row.input_tokens, 1);
  row.output_tokens = std::max(row.output_tokens, 1);
  return true;
}

bool TraceReader::keep_too_long(TraceRow& row, std::string_view line) {
  switch (spec_.on_too_long) {
    case OnTooLong::kDrop:
      ++report_.dropped_too_long;
      return false;
    case OnTooLong::kClip:
      break;
    case OnTooLong::kFail:
      fail_at_line(line,
                   fmt::format("a prompt of {} tokens is longer than max_input_tokens ({})", row.input_tokens,
                               *spec_.max_input_tokens),
                   "trace.on_too_long: clip shortens such prompts, drop leaves them out");
  }
  ++report_.clipped;
  row.input_tokens = *spec_.max_input_tokens;
  const auto blocks = static_cast<std::size_t>((row.input_tokens + block_size_ - 1) / block_size_);
  if (row.hash_ids.size() > blocks) row.hash_ids.resize(blocks);
  return true;
}

void TraceReader::check_hash_ids(TraceRow& row) {
  const auto blocks = static_cast<std::size_t>((row.input_tokens + block_size_ - 1) / block_size_);
  if (row.hash_ids.size() == blocks) return;
  ++report_.hash_mismatches;
  if (row.hash_ids.size() > blocks) row.hash_ids.resize(blocks);
}

void TraceReader::count_bad(const LineError& error, std::string_view line) {
  if (report_.bad_lines == 0) first_bad_text_ = line.substr(0, kBadTextKept);
  ++report_.bad_lines;
  if (report_.first_bad_lines.size() < kBadLinesShown) {
    report_.first_bad_lines.push_back({lines_.line_number(), error.column, error.reason});
  }
}

void TraceReader::check_bad_lines(bool at_end) const {
  if (report_.bad_lines == 0) {
    if (at_end && report_.lines == 0) throw InputError({report_.path, 0, 0, ""}, "", "this trace holds no requests");
    return;
  }
  // The line being read counts among `lines` but was not judged yet.
  const std::int64_t judged = at_end ? report_.lines : report_.lines - 1;
  if (report_.bad_lines == judged && (at_end || judged >= kAllBadAfter - 1)) fail_too_many_bad();
  if (!at_end && report_.lines < kCheckEvery) return;
  const std::int64_t allowed = spec_.max_bad_lines.value_or(report_.lines / kGoodPerBad);
  if (report_.bad_lines > allowed) fail_too_many_bad();
}

void TraceReader::fail_too_many_bad() const {
  const BadLine& first = report_.first_bad_lines.front();
  const bool one = report_.bad_lines == 1;
  std::string hint =
      fmt::format("mend or remove {}, or let so many pass with trace.max_bad_lines (now {})", one ? "it" : "them",
                  spec_.max_bad_lines ? fmt::to_string(*spec_.max_bad_lines) : "0.1 % of the lines");
  if (report_.bad_lines >= report_.lines - 1)
    hint = fmt::format("no line could be read as {}: is trace.format right?", report_.format);
  if (!one) hint += "\nthe next of them:";
  for (std::size_t i = 1; i < report_.first_bad_lines.size(); ++i) {
    hint += fmt::format("\n  line {}: {}", report_.first_bad_lines[i].line, report_.first_bad_lines[i].reason);
  }
  constexpr auto kLast = static_cast<std::int64_t>(std::numeric_limits<int>::max());
  throw InputError(
      {report_.path, static_cast<int>(std::min(first.line, kLast)), std::max(first.column, 1), first_bad_text_}, "",
      fmt::format("{} ({} of {} lines cannot be used)", first.reason, report_.bad_lines, report_.lines), hint);
}

void TraceReader::fail_at_line(std::string_view line, const std::string& message, const std::string& hint) const {
  throw InputError({report_.path, static_cast<int>(lines_.line_number()), 1, std::string(line.substr(0, kBadTextKept))},
                   "", message, hint);
}

}  // namespace flotilla::sim
