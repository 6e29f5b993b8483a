// The two ways in which a line of text can hold a request.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/workload/trace/fields.hpp"

namespace flotilla::sim {

class RowParser {
 public:
  virtual ~RowParser() = default;
  /// Fills `row` (but for its line number) from a line that is not blank; else says why not in `error`.
  virtual bool parse(std::string_view line, TraceRow& row, LineError& error) = 0;
};

/// Which column of a CSV file holds which field; columns count from 0, -1 = none.
using CsvColumns = PerField<int>;

/// Quotes around a field are understood; a line break inside quotes is not.
std::unique_ptr<RowParser> make_csv_parser(const CsvColumns& columns, char delimiter, const DecodeOptions& options);

/// One JSON object per line: keys in any order, others skipped whatever they hold. `hash_ids` is a list of numbers or
/// texts.
std::unique_ptr<RowParser> make_jsonl_parser(const FieldNames& names, const DecodeOptions& options);

/// Cuts a line of CSV into its fields, at least one, without their quotes; stops at a quote that is not closed.
std::vector<std::string_view> split_csv(std::string_view line, char delimiter);

/// The top-level keys of a line of JSON with the text of each value (without quotes; lists and objects as a whole), as
/// far as the line can be read: the value at which it breaks off is the rest of the line.
std::vector<std::pair<std::string_view, std::string_view>> split_json(std::string_view line);

}  // namespace flotilla::sim
