#include "sim/workload/trace/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "sim/workload/rng.hpp"

namespace flotilla::sim {
namespace {

constexpr PerField<std::string_view> kFieldNames{"timestamp", "input_tokens", "output_tokens",
                                                 "session",   "tenant",       "hash_ids"};
constexpr std::size_t kShown = 40;  // characters of a bad value in a message

enum class Length { kGood, kUnknown, kBad, kTooLarge };

/// Reads "128" or "128.0".
Length parse_length(std::string_view text, std::int32_t& tokens) {
  const char* const end = text.data() + text.size();
  auto [p, error] = std::from_chars(text.data(), end, tokens);
  if (error == std::errc{} && p == end && tokens >= 0) return Length::kGood;
  if (is_unknown(text)) return Length::kUnknown;
  if (error == std::errc::result_out_of_range) return Length::kTooLarge;
  if (error != std::errc{} || tokens < 0 || *p != '.') return Length::kBad;
  return std::all_of(p + 1, end, [](char c) { return c == '0'; }) ? Length::kGood : Length::kBad;
}

bool fail(Field field, std::string_view text, std::string_view line, std::string_view what, LineError& error) {
  error.column = column_of(text, line);
  const std::string_view shown = text.substr(0, kShown);
  error.reason =
      text.empty() ? fmt::format("{} {}", to_text(field), what)
                   : fmt::format("{} '{}{}' {}", to_text(field), shown, shown.size() < text.size() ? "..." : "", what);
  return false;
}

bool decode_length(Field field, const FieldTexts& texts, std::string_view line, std::int32_t& tokens,
                   LineError& error) {
  const std::string_view text = texts[index(field)];
  switch (parse_length(text, tokens)) {
    case Length::kGood:
      return true;
    case Length::kUnknown:
      return fail(field, text, line, text.empty() ? "is missing" : "stands for an unknown length", error);
    case Length::kTooLarge:
      return fail(field, text, line, "is too large", error);
    case Length::kBad:
      break;
  }
  return fail(field, text, line, "is not a number of tokens", error);
}

/// A number stays itself; a name becomes a number by its hash, apart from any small number.
std::int64_t decode_name(std::string_view text) {
  if (is_unknown(text)) return -1;
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [p, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && p == end && number >= 0) return number;
  return static_cast<std::int64_t>((hash_text(text) >> 2) | (1ULL << 62));
}

}  // namespace

std::string_view to_text(Field field) { return kFieldNames[index(field)]; }

bool is_unknown(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] == '-') return text == "-1" || text == "-1.0";
  switch (text[0]) {
    case 'n':
      return text == "null" || text == "nan" || text == "none";
    case 'N':
      return text == "NULL" || text == "NaN" || text == "None" || text == "NA";
    default:
      return false;
  }
}

int column_of(std::string_view text, std::string_view line) {
  return text.data() == nullptr ? 0 : static_cast<int>(text.data() - line.data()) + 1;
}

bool decode(const FieldTexts& texts, std::string_view line, const DecodeOptions& options, TraceRow& row,
            LineError& error) {
  row.time = 0;
  if (options.need_timestamp) {
    const std::string_view text = texts[index(Field::kTimestamp)];
    const char* const problem = parse_timestamp(text, options.unit, row.time);
    if (problem != nullptr) return fail(Field::kTimestamp, text, line, problem, error);
  }
  row.session = decode_name(texts[index(Field::kSession)]);
  row.tenant = decode_name(texts[index(Field::kTenant)]);
  return decode_length(Field::kInputTokens, texts, line, row.input_tokens, error) &&
         decode_length(Field::kOutputTokens, texts, line, row.output_tokens, error);
}

}  // namespace flotilla::sim
