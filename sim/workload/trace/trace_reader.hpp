// Reads a trace of any known format as a stream of rows in the order of time, and keeps the books of what was left out.
//
// Policies:
// - Order. Rows up to 1,024 places out of order are put back, ties keep the order of the file. A row that comes later
// than that is a
//   bad line.
// - Bad lines (unreadable, a length that is unknown) are skipped and counted. More than 0.1 % of the lines, or than
// `max_bad_lines`,
//   is an InputError at the first of them: looked at once every 1,000 lines and at the end of the file, so that files
//   of up to 1,024 lines are judged before the first request. If none of the first 100 lines can be read, that is an
//   error whatever the limit.
// - Zero lengths, prompts above max_input_tokens: as the spec says, and counted.
// - Memory: one buffer of 256 KiB (longer lines: their length) and 1,024 rows, whatever the length of the trace.
#pragma once

#include <cstdint>
#include <string>

#include "sim/workload/trace/layout.hpp"
#include "sim/workload/trace/line_reader.hpp"
#include "sim/workload/trace/report.hpp"
#include "sim/workload/trace/sort_window.hpp"
#include "sim/workload/trace/trace_spec.hpp"

namespace flotilla::sim {

class TraceReader {
 public:
  explicit TraceReader(const TraceSpec& spec);

  /// The next row; its time is in nanoseconds since the earliest line. False at the end. The row passed in is used
  /// again: pass the same one each time.
  bool next(TraceRow& row);
  /// `requests`, `before_start`, `first_time` and `last_time` are kept by the caller.
  [[nodiscard]] TraceReport& report() { return report_; }
  [[nodiscard]] const TraceReport& report() const { return report_; }
  [[nodiscard]] std::int64_t block_size() const { return block_size_; }

 private:
  void fill();
  bool read_into(TraceRow& row);
  [[nodiscard]] bool keep(TraceRow& row, std::string_view line);
  [[nodiscard]] bool keep_zero_length(TraceRow& row, std::string_view line);
  [[nodiscard]] bool keep_too_long(TraceRow& row, std::string_view line);
  void check_hash_ids(TraceRow& row);
  void count_bad(const LineError& error, std::string_view line);
  void check_bad_lines(bool at_end) const;
  [[noreturn]] void fail_too_many_bad() const;
  [[noreturn]] void fail_at_line(std::string_view line, const std::string& message, const std::string& hint) const;

  TraceSpec spec_;
  LineReader lines_;
  TraceLayout layout_;
  std::int64_t block_size_;
  TraceReport report_;
  SortWindow window_;
  bool at_end_ = false;
  bool started_ = false;        ///< a row has been handed out
  std::int64_t zero_time_ = 0;  ///< of the earliest line
  std::int64_t last_time_ = 0;  ///< of the last row handed out
  std::int64_t last_line_ = 0;
  std::string first_bad_text_;  ///< the line itself, for the error message
  LineError error_;
};

}  // namespace flotilla::sim
