#include "sim/workload/trace/trace_spec.hpp"

#include <array>

namespace flotilla::sim {
namespace {

template <class E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<TraceFormat, 7> kFormats{{{TraceFormat::kAuto, "auto"},
                                          {TraceFormat::kAzure, "azure"},
                                          {TraceFormat::kMooncake, "mooncake"},
                                          {TraceFormat::kBurstGpt, "burstgpt"},
                                          {TraceFormat::kVidur, "vidur"},
                                          {TraceFormat::kCsv, "csv"},
                                          {TraceFormat::kJsonl, "jsonl"}}};
constexpr Names<TraceArrivals, 2> kArrivals{
    {{TraceArrivals::kRecorded, "recorded"}, {TraceArrivals::kGenerated, "generated"}}};
constexpr Names<OnZeroLength, 3> kOnZero{
    {{OnZeroLength::kDrop, "drop"}, {OnZeroLength::kFail, "fail"}, {OnZeroLength::kCountAs1, "count_as_1"}}};
constexpr Names<OnTooLong, 3> kOnTooLong{
    {{OnTooLong::kClip, "clip"}, {OnTooLong::kDrop, "drop"}, {OnTooLong::kFail, "fail"}}};
constexpr Names<HashScope, 2> kHashScopes{{{HashScope::kGlobal, "global"}, {HashScope::kSession, "session"}}};

void check(const TraceSpec& trace, const reader::Node& node) {
  if (trace.time_scale != 1 && trace.rate_scale != 1) {
    node.fail_for("rate_scale", "time_scale and rate_scale do the same thing in opposite directions; give one of them",
                  "time_scale: 2 halves the rate, rate_scale: 2 doubles it");
  }
  if (trace.end && trace.end->value() <= trace.start.value()) {
    node.fail_for("end", "the end of the window is not after its start (" + reader::write_flow(trace.start) + ")");
  }
}

}  // namespace

std::span<const std::pair<TraceFormat, std::string_view>> enum_names(TraceFormat) { return kFormats; }
std::span<const std::pair<TraceArrivals, std::string_view>> enum_names(TraceArrivals) { return kArrivals; }
std::span<const std::pair<OnZeroLength, std::string_view>> enum_names(OnZeroLength) { return kOnZero; }
std::span<const std::pair<OnTooLong, std::string_view>> enum_names(OnTooLong) { return kOnTooLong; }
std::span<const std::pair<HashScope, std::string_view>> enum_names(HashScope) { return kHashScopes; }
std::string_view to_text(TraceFormat format) { return kFormats[static_cast<std::size_t>(format)].second; }

const reader::Schema<TraceColumns>& TraceColumns::schema() {
  static const auto s =
      reader::Schema<TraceColumns>(
          "trace_columns",
          "What the columns (CSV) or keys (JSONL) of a trace are called, where they are not called as in its "
          "format; in CSV also their position, from 1")
          .key("timestamp", &TraceColumns::timestamp, "when the request arrived", {.default_text = "the format's"})
          .key("input_tokens", &TraceColumns::input_tokens, "tokens of the prompt", {.default_text = "the format's"})
          .key("output_tokens", &TraceColumns::output_tokens, "tokens of the answer", {.default_text = "the format's"})
          .key("session", &TraceColumns::session, "which conversation it belongs to: a number or a name",
               {.default_text = "the format's"})
          .key("tenant", &TraceColumns::tenant, "whose request it is: a number or a name",
               {.default_text = "the format's"})
          .key("hash_ids", &TraceColumns::hash_ids, "list with a hash for each block of the prompt (JSONL only)",
               {.default_text = "the format's"});
  return s;
}

const reader::Schema<TraceSpec>& TraceSpec::schema() {
  using T = TraceSpec;
  static const auto s =
      reader::Schema<T>("trace", "Requests recorded elsewhere, read line by line; plain or gzipped")
          .key("path", &T::path, "the file, beside the scenario or in the working directory", {.required = true})
          .key("format", &T::format, "how it is written; auto looks at the first lines")
          .key("arrivals", &T::arrivals,
               "recorded: as in the trace; generated: its lengths only, at the workload's request_rate")
          .key("time_scale", &T::time_scale, "multiplies the times: 2 replays at half the speed",
               {.min = 0, .max = 1e6, .above_min = true})
          .key("rate_scale", &T::rate_scale, "multiplies the rate: 2 replays at twice the speed",
               {.min = 0, .max = 1e6, .above_min = true})
          .key("start", &T::start, "skip what arrived before, in the trace's own time since its first line")
          .key("end", &T::end, "stop at what arrived then or later", {.default_text = "the end of the trace"})
          .key("max_requests", &T::max_requests, "stop after so many", {.min = 1, .default_text = "all"})
          .key("columns", &T::columns, "names of columns or keys that are not the format's own",
               {.default_text = "the format's"})
          .key("time_unit", &T::time_unit, "of bare numbers",
               {.default_text = "the format's (mooncake ms, others s), or by the size of the first timestamp"})
          .key("block_size", &T::block_size, "tokens that one of hash_ids stands for",
               {.min = 1, .unit = "tokens", .default_text = "512"})
          .key("hash_scope", &T::hash_scope,
               "whether equal hash ids are the same text in all of the trace or within a session only")
          .key("conversations", &T::conversations,
               "a prompt begins with all that was said in its session before, answers included, so that the prefix "
               "cache may "
               "find it; instead of hash_ids")
          .key("on_zero_length", &T::on_zero_length, "what to do with requests that have no input or no output")
          .key("max_input_tokens", &T::max_input_tokens, "longest prompt that is replayed as it is",
               {.min = 1, .unit = "tokens", .default_text = "no limit; the engine refuses what it cannot hold"})
          .key("on_too_long", &T::on_too_long, "what to do with prompts above max_input_tokens")
          .key("max_bad_lines", &T::max_bad_lines, "lines that may be skipped because they cannot be read",
               {.min = 0, .default_text = "0.1 % of the lines"})
          .check(check);
  return s;
}

}  // namespace flotilla::sim
