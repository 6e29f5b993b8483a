#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "sim/workload/trace/row_parser.hpp"

namespace flotilla::sim {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Walks over the fields of one line.
class CsvCursor {
 public:
  CsvCursor(std::string_view line, char delimiter) : p_(line.data()), end_(p_ + line.size()), delimiter_(delimiter) {}

  /// False when there are no more, or a quote is not closed (see `open_quote`).
  bool next(std::string_view& field) {
    if (done_) return false;
    if (p_ != end_ && *p_ == '"') return next_quoted(field);
    field = trimmed(take_until_delimiter());
    return true;
  }
  [[nodiscard]] bool open_quote() const { return open_quote_; }

 private:
  std::string_view take_until_delimiter() {
    const auto* stop = static_cast<const char*>(std::memchr(p_, delimiter_, static_cast<std::size_t>(end_ - p_)));
    done_ = stop == nullptr;
    if (done_) stop = end_;
    const std::string_view text(p_, static_cast<std::size_t>(stop - p_));
    p_ = done_ ? end_ : stop + 1;
    return text;
  }

  bool next_quoted(std::string_view& field) {
    const char* close = p_ + 1;
    while (close != end_ && (*close != '"' || (close + 1 != end_ && close[1] == '"'))) close += *close == '"' ? 2 : 1;
    open_quote_ = close == end_;
    if (open_quote_) return false;
    field = {p_ + 1, static_cast<std::size_t>(close - p_ - 1)};
    p_ = close + 1;
    take_until_delimiter();
    return true;
  }

  const char* p_;
  const char* end_;
  char delimiter_;
  bool done_ = false;
  bool open_quote_ = false;
};

class CsvParser final : public RowParser {
 public:
  CsvParser(const CsvColumns& columns, char delimiter, const DecodeOptions& options)
      : delimiter_(delimiter), options_(options) {
    field_of_.resize(static_cast<std::size_t>(*std::max_element(columns.begin(), columns.end())) + 1, -1);
    for (std::size_t f = 0; f < kFields; ++f) {
      if (columns[f] >= 0) field_of_[static_cast<std::size_t>(columns[f])] = static_cast<int>(f);
    }
  }

  bool parse(std::string_view line, TraceRow& row, LineError& error) override {
    FieldTexts texts;
    CsvCursor cursor(line, delimiter_);
    std::string_view field;
    for (std::size_t column = 0; column < field_of_.size(); ++column) {
      if (!cursor.next(field)) {
        error.column = 0;
        error.reason = cursor.open_quote()
                           ? "a quote is not closed"
                           : fmt::format("{} columns, at least {} are needed", column, field_of_.size());
        return false;
      }
      if (field_of_[column] >= 0) texts[static_cast<std::size_t>(field_of_[column])] = field;
    }
    row.hash_ids.clear();
    return decode(texts, line, options_, row, error);
  }

 private:
  char delimiter_;
  DecodeOptions options_;
  std::vector<int> field_of_;  ///< by column, up to the last that is needed; -1 = not needed
};

}  // namespace

std::unique_ptr<RowParser> make_csv_parser(const CsvColumns& columns, char delimiter, const DecodeOptions& options) {
  return std::make_unique<CsvParser>(columns, delimiter, options);
}

std::vector<std::string_view> split_csv(std::string_view line, char delimiter) {
  std::vector<std::string_view> fields;
  CsvCursor cursor(line, delimiter);
  for (std::string_view field; cursor.next(field);) fields.push_back(field);
  if (fields.empty()) fields.push_back(line);
  return fields;
}

}  // namespace flotilla::sim
