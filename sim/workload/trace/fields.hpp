// The fields of a trace that mean something here, and how their text becomes numbers, in every format alike.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/workload/trace/row.hpp"
#include "sim/workload/trace/timestamp.hpp"

namespace flotilla::sim {

enum class Field : std::uint8_t { kTimestamp, kInputTokens, kOutputTokens, kSession, kTenant, kHashIds };
inline constexpr std::size_t kFields = 6;
constexpr std::size_t index(Field field) { return static_cast<std::size_t>(field); }

template <class T>
using PerField = std::array<T, kFields>;

/// As users name them: "timestamp", "input_tokens", ...
std::string_view to_text(Field field);

/// Names under which each field may stand in a file; the first that is there counts.
using FieldNames = PerField<std::vector<std::string>>;

/// Texts of one line's fields, views into it. No data (nullptr) = the field is not there.
using FieldTexts = PerField<std::string_view>;

struct DecodeOptions {
  TimeUnit unit = TimeUnit::kSeconds;
  bool need_timestamp = true;
};

/// Fills all of `row` but hash_ids and line. Lengths must be whole numbers >= 0 ("128.0" is one): -1, null, NaN and
/// nothing at all mean that the length is unknown, which makes the line unusable. Unknown sessions and tenants are -1;
/// names become numbers.
bool decode(const FieldTexts& texts, std::string_view line, const DecodeOptions& options, TraceRow& row,
            LineError& error);

/// "null", "None", "NaN", "-1", "-1.0" and "" stand for a value that is not known.
bool is_unknown(std::string_view text);

/// Where `text`, a view into `line`, begins; counts from 1. 0 if it is not there.
int column_of(std::string_view text, std::string_view line);

}  // namespace flotilla::sim
