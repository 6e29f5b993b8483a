// A trace as a scenario names it: the `trace:` mapping of the workload.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sim/workload/input_file.hpp"
#include "sim/workload/trace/timestamp.hpp"

namespace flotilla::sim {

enum class TraceFormat { kAuto, kAzure, kMooncake, kBurstGpt, kVidur, kCsv, kJsonl };
std::span<const std::pair<TraceFormat, std::string_view>> enum_names(TraceFormat);
std::string_view to_text(TraceFormat format);

/// Arrival times as in the trace, or only its lengths, at the workload's own request_rate.
enum class TraceArrivals { kRecorded, kGenerated };
std::span<const std::pair<TraceArrivals, std::string_view>> enum_names(TraceArrivals);

/// What to do with a request without input or output: such rows are failed or filtered requests in most traces.
enum class OnZeroLength { kDrop, kFail, kCountAs1 };
std::span<const std::pair<OnZeroLength, std::string_view>> enum_names(OnZeroLength);

enum class OnTooLong { kClip, kDrop, kFail };
std::span<const std::pair<OnTooLong, std::string_view>> enum_names(OnTooLong);

/// Whether equal hash ids mean equal text anywhere, or only within one session.
enum class HashScope { kGlobal, kSession };
std::span<const std::pair<HashScope, std::string_view>> enum_names(HashScope);

/// Names of columns (CSV) or keys (JSONL), where they are not the format's own. A number is the position of a CSV
/// column, from 1.
struct TraceColumns {
  std::optional<std::string> timestamp, input_tokens, output_tokens, session, tenant, hash_ids;
  static const reader::Schema<TraceColumns>& schema();
};

struct TraceSpec {
  InputFile path;
  TraceFormat format = TraceFormat::kAuto;
  TraceArrivals arrivals = TraceArrivals::kRecorded;
  double time_scale = 1;  ///< multiplies times
  double rate_scale = 1;  ///< divides times
  Seconds start{0};       ///< in the trace's own time, since its first line
  std::optional<Seconds> end;
  std::optional<std::int64_t> max_requests;
  std::optional<TraceColumns> columns;
  std::optional<TimeUnit> time_unit;
  std::optional<std::int64_t> block_size;
  HashScope hash_scope = HashScope::kGlobal;
  bool conversations = false;  ///< a prompt is all that was said in its session before, and something new
  OnZeroLength on_zero_length = OnZeroLength::kDrop;
  std::optional<std::int32_t> max_input_tokens;
  OnTooLong on_too_long = OnTooLong::kClip;
  std::optional<std::int64_t> max_bad_lines;
  static const reader::Schema<TraceSpec>& schema();
};

}  // namespace flotilla::sim
