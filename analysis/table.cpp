#include "analysis/table.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>

namespace flotilla::analysis {
namespace {

constexpr std::size_t kMostBytes = 256'000'000;  // unpacked: a small .gz may hold any amount

InputError bad_file(const std::string& path, int line, const std::string& message) {
  SourceLocation where;
  where.file = path;
  where.line = line;
  return InputError(where, "", message);
}

std::string read_all(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw bad_file(path, 0, "cannot be read");
  std::string text;
  std::array<char, 1 << 16> buffer;
  int got = 0;
  while ((got = gzread(file.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kMostBytes) throw bad_file(path, 0, fmt::format("holds more than {} MB", kMostBytes / 1'000'000));
  }
  if (got < 0) throw bad_file(path, 0, "is damaged: the gzip stream does not decode");
  return text;
}

/// One record from `at` on, which moves past its end. Quoted fields may hold commas, line ends and doubled quotes.
std::vector<std::string> next_record(const std::string& text, std::size_t& at) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c != '"')
        fields.back() += c;
      else if (at + 1 < text.size() && text[at + 1] == '"')
        fields.back() += text[++at];
      else
        quoted = false;
    } else if (c == '"')
      quoted = true;
    else if (c == ',')
      fields.emplace_back();
    else if (c == '\n')
      break;
    else if (c != '\r')
      fields.back() += c;
  }
  ++at;
  return fields;
}

}  // namespace

Table Table::load(const std::string& path) {
  const auto text = read_all(path);
  Table table;
  table.path_ = path;
  std::size_t at = 0;
  int line = 1;
  const auto next = [&] {
    const auto start = at;
    auto fields = next_record(text, at);
    const auto end = std::min(at, text.size());
    line += static_cast<int>(std::count(text.begin() + static_cast<std::ptrdiff_t>(start),
                                        text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    return fields;
  };
  const auto names = next();
  for (std::size_t i = 0; i < names.size(); ++i) table.columns_[names[i]] = i;
  while (at < text.size()) {
    table.lines_.push_back(line);
    table.rows_.push_back(next());
    if (table.rows_.back().size() != names.size()) {
      throw bad_file(path, table.lines_.back(),
                     fmt::format("{} fields where the header has {}", table.rows_.back().size(), names.size()));
    }
  }
  return table;
}

InputError Table::mistake(std::size_t row, const std::string& message, const std::string& hint) const {
  SourceLocation where;
  where.file = path_;
  where.line = row < size() ? line(row) : 0;
  return InputError(where, "", message, hint);
}

const std::string& Table::text(std::size_t row, const std::string& column) const {
  return rows_[row][columns_.at(column)];
}

double Table::number(std::size_t row, const std::string& column) const {
  const auto& field = text(row, column);
  char* end = nullptr;
  const double value = std::strtod(field.c_str(), &end);
  return end == field.c_str() ? std::numeric_limits<double>::quiet_NaN() : value;
}

}  // namespace flotilla::analysis
