#include "analysis/sweep/axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string_view>

#include "scenarios/reader/decimal.hpp"
#include "scenarios/reader/node.hpp"
#include "scenarios/reader/source.hpp"

namespace flotilla::analysis {

namespace {

constexpr std::size_t kMostValues = 100'000;  ///< of one axis

/// A part of the word and where it begins in it.
struct Part {
  std::string text;
  std::size_t at = 0;
};

Part trimmed(std::string_view word, std::size_t begin, std::size_t end) {
  while (begin < end && word[begin] == ' ') ++begin;
  while (end > begin && word[end - 1] == ' ') --end;
  return {std::string(word.substr(begin, end - begin)), begin};
}

using Complain = std::function<void(std::size_t at, const std::string& message, const std::string& hint)>;

/// The parts of word[begin, end) between `separator`s that no bracket, brace or quote encloses.
std::vector<Part> split(std::string_view word, std::size_t begin, std::size_t end, char separator,
                        const Complain& fail) {
  std::vector<Part> parts;
  std::vector<std::size_t> open;
  std::size_t start = begin;
  for (std::size_t i = begin; i < end; ++i) {
    const char c = word[i];
    if (c == '"' || c == '\'') {
      const std::size_t close = word.find(c, i + 1);
      if (close >= end) fail(i, "this quote is not closed", "");
      i = close;
    } else if (c == '[' || c == '{' || c == '(') {
      open.push_back(i);
    } else if (c == ']' || c == '}' || c == ')') {
      if (open.empty()) fail(i, fmt::format("this '{}' closes nothing", c), "");
      open.pop_back();
    } else if (c == separator && open.empty()) {
      parts.push_back(trimmed(word, start, i));
      start = i + 1;
    }
  }
  if (!open.empty()) fail(open.back(), fmt::format("this '{}' is not closed", word[open.back()]), "");
  parts.push_back(trimmed(word, start, end));
  return parts;
}

/// Fifteen digits: 0.3, not 0.30000000000000004.
std::string number_text(double value) { return fmt::format("{:.15g}", value); }

struct Series {
  const char* name;
  const char* form;
  std::size_t fewest, most;  ///< arguments
};
constexpr Series kSeries[] = {{"range", "range(first,last) or range(first,last,step)", 2, 3},
                              {"linspace", "linspace(first,last,count)", 3, 3},
                              {"geomspace", "geomspace(first,last,count)", 3, 3}};

/// The values of one call of a series.
class Expansion {
 public:
  Expansion(const Part& item, const Complain& fail) : item_(item), fail_(fail) {}

  /// Nothing where the item is no call: a value as it stands.
  std::optional<std::vector<std::string>> values() const {
    const std::size_t open = item_.text.find('(');
    const std::string name = item_.text.substr(0, open);
    if (open == std::string::npos || open == 0 || name.find_first_of("\"'[{ /") != std::string::npos) return {};
    const Series& series = named(name);
    const std::size_t close = item_.text.rfind(')');
    const std::string unit = item_.text.substr(close + 1);
    const auto parts = split(item_.text, open + 1, close, ',', fail_);
    if (parts.size() < series.fewest || parts.size() > series.most) wrong(series);
    std::vector<double> numbers;
    for (const Part& part : parts) numbers.push_back(number(part));
    std::vector<std::string> values;
    for (const double value : name == "range" ? steps(numbers) : spaced(numbers, name == "geomspace"))
      values.push_back(number_text(value) + unit);
    return values;
  }

 private:
  const Series& named(const std::string& name) const {
    std::vector<std::string> names;
    for (const Series& series : kSeries) {
      if (name == series.name) return series;
      names.emplace_back(series.name);
    }
    fail_(item_.at, fmt::format("'{}' is no series of values", name), reader::suggest(name, names));
    return kSeries[0];
  }
  void wrong(const Series& series) const {
    fail_(item_.at, fmt::format("'{}' has the wrong number of arguments", item_.text), series.form);
  }
  double number(const Part& part) const {
    const auto decimal = reader::parse_decimal(part.text);
    const auto value = decimal ? reader::to_double(*decimal) : std::nullopt;
    if (!value) fail_(item_.at + part.at, fmt::format("'{}' is not a number", part.text), "");
    return *value;
  }
  void check_count(double count) const {
    if (count > static_cast<double>(kMostValues))
      fail_(item_.at, fmt::format("'{}' has more than {} values", item_.text, kMostValues), "");
  }

  std::vector<double> steps(const std::vector<double>& n) const {
    const double step = n.size() > 2 ? n[2] : 1;
    if (step == 0 || (n[1] - n[0]) / step < 0)
      fail_(item_.at, fmt::format("'{}' never reaches its end", item_.text), "range(first,last,step)");
    const double count = std::floor((n[1] - n[0]) / step + 1e-9) + 1;
    check_count(count);
    std::vector<double> values;
    for (int i = 0; i < static_cast<int>(count); ++i) values.push_back(n[0] + i * step);
    return values;
  }
  std::vector<double> spaced(const std::vector<double>& n, bool by_factors) const {
    const double count = n[2];
    if (count != std::floor(count) || count < 2)
      fail_(item_.at, fmt::format("'{}': the third argument says how many values, 2 or more", item_.text), "");
    check_count(count);
    if (by_factors && (n[0] <= 0 || n[1] <= 0))
      fail_(item_.at, fmt::format("'{}': equal factors need numbers above 0", item_.text),
            "linspace(first,last,count)");
    std::vector<double> values;
    const double last = count - 1;
    for (double i = 0; i < count; ++i) {
      if (i == 0 || i == last) {
        values.push_back(i == 0 ? n[0] : n[1]);
      } else {
        values.push_back(by_factors ? n[0] * std::pow(n[1] / n[0], i / last) : (n[0] * (last - i) + n[1] * i) / last);
      }
    }
    return values;
  }

  const Part& item_;
  const Complain& fail_;
};

/// The '=' between keys and values: the first that stands in no bracket.
std::size_t equals_of(const std::string& word) {
  int depth = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '[') ++depth;
    if (word[i] == ']') --depth;
    if (word[i] == '=' && depth <= 0) return i;
  }
  return std::string::npos;
}

/// a:b, c:d for as many keys.
std::vector<std::vector<std::string>> zipped(const std::vector<Part>& items, const std::string& word, std::size_t keys,
                                             const Complain& fail) {
  std::vector<std::vector<std::string>> values;
  for (const Part& item : items) {
    const auto parts = split(word, item.at, item.at + item.text.size(), ':', fail);
    if (parts.size() != keys) {
      fail(item.at, fmt::format("'{}': {} values for {} keys", item.text, parts.size(), keys),
           "keys that change together take one value each, separated by colons: 'a,b=1:10,2:20'");
    }
    auto& row = values.emplace_back();
    for (const Part& part : parts) row.push_back(part.text);
  }
  return values;
}

}  // namespace

Axis parse_axis(const std::string& word, const SourceLocation& where) {
  const Complain fail = [&](std::size_t at, const std::string& message, const std::string& hint) {
    SourceLocation place = where;
    if (place.column > 0) place.column += static_cast<int>(at);
    throw InputError(place, "", message, hint);
  };
  const std::size_t equals = equals_of(word);
  if (equals == std::string::npos) {
    fail(0, fmt::format("{} is not of the form key=values", reader::in_quotes(word)),
         "as in workload.max_concurrency=4,8,16 or workload.request_rate=range(10,60,10)");
  }
  Axis axis;
  for (const Part& key : split(word, 0, equals, ',', fail)) {
    if (key.text.empty()) fail(key.at, "a key is missing here", "key=values");
    if (std::find(axis.keys.begin(), axis.keys.end(), key.text) != axis.keys.end())
      fail(key.at, fmt::format("'{}' stands here twice", key.text), "");
    axis.keys.push_back(key.text);
  }
  const auto items = split(word, equals + 1, word.size(), ',', fail);
  for (const Part& item : items) {
    if (item.text.empty()) fail(item.at, "a value is missing here", "key=a,b,c");
  }
  if (axis.keys.size() > 1) {
    axis.values = zipped(items, word, axis.keys.size(), fail);
    return axis;
  }
  for (const Part& item : items) {
    const auto series = Expansion(item, fail).values();
    for (const std::string& value : series.value_or(std::vector<std::string>{item.text}))
      axis.values.push_back({value});
  }
  if (axis.values.size() > kMostValues) fail(equals + 1, fmt::format("more than {} values", kMostValues), "");
  return axis;
}

Axis parse_axis(const std::string& word) {
  const reader::Source source(reader::kCommandLine, word);
  return parse_axis(word, source.at({0, 0}));
}

}  // namespace flotilla::analysis
