// A CSV table, plain or gzipped, held as text: measured kernels and serving points.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace flotilla::analysis {

class Table {
 public:
  /// Reads a file whose first line names the columns. Fields may be quoted. Throws InputError: no such file, a line
  /// with another number of fields.
  static Table load(const std::string& path);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  /// Throws std::out_of_range where the column is missing.
  [[nodiscard]] const std::string& text(std::size_t row, const std::string& column) const;
  /// NaN where the field is blank or not a number.
  [[nodiscard]] double number(std::size_t row, const std::string& column) const;

 private:
  std::map<std::string, std::size_t> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace flotilla::analysis
