// A CSV table, plain or gzipped, held as text: measured kernels and serving points.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scenarios/reader/error.hpp"

namespace flotilla::analysis {

class Table {
 public:
  /// Reads a file whose first line names the columns. Fields may be quoted. Throws InputError: no such file, a line
  /// with another number of fields.
  static Table load(const std::string& path);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool has(const std::string& column) const { return columns_.count(column) > 0; }
  /// Throws std::out_of_range where the column is missing.
  [[nodiscard]] const std::string& text(std::size_t row, const std::string& column) const;
  /// NaN where the field is blank or not a number.
  [[nodiscard]] double number(std::size_t row, const std::string& column) const;

  /// The line of the file on which the row starts; the header is line 1.
  [[nodiscard]] int line(std::size_t row) const { return lines_[row]; }
  /// A mistake in a row; row = size() stands for the file as a whole.
  [[nodiscard]] InputError mistake(std::size_t row, const std::string& message, const std::string& hint = {}) const;

 private:
  std::string path_;
  std::map<std::string, std::size_t> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> lines_;
};

}  // namespace flotilla::analysis
