// What reading a trace came to: what was read, what was left out, and why. The run prints it, so that nothing is lost
// in silence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flotilla::sim {

struct BadLine {
  std::int64_t line = 0;  ///< counts from 1
  int column = 0;         ///< counts from 1; 0 = the line as a whole
  std::string reason;
};

struct TraceReport {
  std::string path;
  std::string format;     ///< "azure", "mooncake", ...
  std::string time_unit;  ///< of bare numbers: "s", "ms", "us", "ns"; "" when arrivals are generated
  bool format_detected = false;
  bool time_unit_detected = false;  ///< from the size of the first timestamp

  std::int64_t lines = 0;     ///< of data, as far as the file was read: no header, no blank lines
  std::int64_t requests = 0;  ///< handed on
  std::int64_t dropped_zero_length = 0;
  std::int64_t counted_as_one = 0;
  std::int64_t dropped_too_long = 0;
  std::int64_t clipped = 0;
  std::int64_t before_start = 0;      ///< left out by `start`
  std::int64_t reordered = 0;         ///< lines that came late and were put back in order
  std::int64_t repeated_headers = 0;  ///< inside the file, as after joining files
  std::int64_t hash_mismatches = 0;   ///< requests whose hash_ids do not cover their input in whole blocks
  std::int64_t longest_input = 0;     ///< tokens, as written in the trace
  double first_time = 0;              ///< seconds since the trace's first line, of the first request handed on
  double last_time = 0;               ///< and of the last
  std::int64_t bad_lines = 0;
  std::vector<BadLine> first_bad_lines;  ///< the first few of them
};

/// Some lines of text, each ending in a newline: totals first, then whatever was left out.
std::string to_text(const TraceReport& report);

}  // namespace flotilla::sim
