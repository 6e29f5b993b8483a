// The formats of public traces, as data: what their columns are called, in which unit their times are.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/workload/trace/fields.hpp"
#include "sim/workload/trace/trace_spec.hpp"

namespace flotilla::sim {

struct FormatInfo {
  TraceFormat format;
  bool json;
  TimeUnit unit;
  FieldNames names;
  /// For a file without a header: the columns in their order, one list per number of columns that occurs.
  std::vector<std::vector<std::string>> headerless;
};

/// All but kAuto.
const std::vector<FormatInfo>& trace_formats();
const FormatInfo& format_info(TraceFormat format);

/// Tells CSV formats apart by their header; kCsv if none fits better. `columns` are the names in it.
TraceFormat format_of_header(std::span<const std::string_view> columns);

/// Compares names of columns as people vary them: "Request tokens", "request_tokens" and "RequestTokens" are the same.
std::string folded_name(std::string_view name);
/// Index of the first of `names` that is among `columns`; -1 if none is.
int find_column(std::span<const std::string_view> columns, const std::vector<std::string>& names);

}  // namespace flotilla::sim
