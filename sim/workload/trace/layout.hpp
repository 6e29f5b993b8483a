// Finds out how a trace file is written, from what the user said and what its first lines show.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/workload/trace/line_reader.hpp"
#include "sim/workload/trace/row_parser.hpp"
#include "sim/workload/trace/trace_spec.hpp"

namespace flotilla::sim {

struct TraceLayout {
  TraceFormat format = TraceFormat::kCsv;
  bool format_detected = false;
  TimeUnit unit = TimeUnit::kSeconds;
  bool unit_detected = false;  ///< by the size of the first timestamp
  std::string header;          ///< the header line, "" without one
  std::unique_ptr<RowParser> parser;
};

/// Takes the header line, if there is one, from `lines`, which stands at the start of the file. Throws InputError where
/// the file does not fit the format, a field has no column, or two formats are possible that would give different
/// loads.
TraceLayout find_layout(const TraceSpec& spec, LineReader& lines);

}  // namespace flotilla::sim
