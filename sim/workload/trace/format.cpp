#include "sim/workload/trace/format.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace flotilla::sim {
namespace {

/// In the order of enum Field.
FieldNames names(std::vector<std::string> timestamp, std::vector<std::string> input, std::vector<std::string> output,
                 std::vector<std::string> session = {}, std::vector<std::string> tenant = {},
                 std::vector<std::string> hash_ids = {}) {
  return {std::move(timestamp), std::move(input),  std::move(output),
          std::move(session),   std::move(tenant), std::move(hash_ids)};
}

/// Our own names first, then those of other tools.
FieldNames generic_names() {
  return names({"timestamp", "arrival_time", "arrived_at", "arrival", "time", "t"},
               {"input_length", "input_tokens", "input_len", "prompt_tokens", "prompt_len", "num_prefill_tokens",
                "input_toks", "isl", "in"},
               {"output_length", "output_tokens", "output_len", "completion_tokens", "num_decode_tokens", "output_toks",
                "osl", "out"},
               {"session_id", "session", "conversation_id"}, {"tenant", "tenant_id", "user_id"}, {"hash_ids"});
}

std::vector<FormatInfo> build_formats() {
  std::vector<FormatInfo> all;
  // github.com/Azure/AzurePublicDataset, AzureLLMInferenceDataset2023.md and 2024; the multimodal trace of 2025 adds
  // NumImages.
  all.push_back({TraceFormat::kAzure,
                 false,
                 TimeUnit::kSeconds,
                 names({"TIMESTAMP"}, {"ContextTokens"}, {"GeneratedTokens"}),
                 {{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}}});
  // github.com/kvcache-ai/Mooncake, FAST25-release/traces: times in ms, one hash id per 512 tokens.
  all.push_back({TraceFormat::kMooncake,
                 true,
                 TimeUnit::kMilliseconds,
                 names({"timestamp"}, {"input_length"}, {"output_length"}, {"session_id"}, {}, {"hash_ids"}),
                 {}});
  // github.com/HPMLL/BurstGPT; older files lack the two columns of sessions.
  all.push_back({TraceFormat::kBurstGpt,
                 false,
                 TimeUnit::kSeconds,
                 names({"Timestamp"}, {"Request tokens"}, {"Response tokens"}, {"Session ID"}),
                 {{"Timestamp", "Model", "Request tokens", "Response tokens", "Total tokens", "Log Type"},
                  {"Timestamp", "Session ID", "Elapsed time", "Model", "Request tokens", "Response tokens",
                   "Total tokens", "Log Type"}}});
  // github.com/microsoft/vidur, data/processed_traces; some files hold lengths only, without arrivals.
  all.push_back({TraceFormat::kVidur,
                 false,
                 TimeUnit::kSeconds,
                 names({"arrived_at"}, {"num_prefill_tokens"}, {"num_decode_tokens"}),
                 {{"arrived_at", "num_prefill_tokens", "num_decode_tokens"}}});
  all.push_back({TraceFormat::kCsv,
                 false,
                 TimeUnit::kSeconds,
                 generic_names(),
                 {{"timestamp", "input_length", "output_length"}}});
  all.push_back({TraceFormat::kJsonl, true, TimeUnit::kSeconds, generic_names(), {}});
  return all;
}

bool has(std::span<const std::string_view> columns, const FieldNames& field_names, Field field) {
  return find_column(columns, field_names[index(field)]) >= 0;
}

}  // namespace

const std::vector<FormatInfo>& trace_formats() {
  static const std::vector<FormatInfo> all = build_formats();
  return all;
}

const FormatInfo& format_info(TraceFormat format) {
  const auto& all = trace_formats();
  return *std::find_if(all.begin(), all.end(), [&](const FormatInfo& info) { return info.format == format; });
}

TraceFormat format_of_header(std::span<const std::string_view> columns) {
  for (const FormatInfo& info : trace_formats()) {
    if (!info.json && has(columns, info.names, Field::kInputTokens) && has(columns, info.names, Field::kOutputTokens))
      return info.format;
  }
  return TraceFormat::kCsv;
}

std::string folded_name(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) result += static_cast<char>(std::tolower(byte));
  }
  return result;
}

int find_column(std::span<const std::string_view> columns, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string wanted = folded_name(name);
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](std::string_view c) { return folded_name(c) == wanted; });
    if (found != columns.end()) return static_cast<int>(std::distance(columns.begin(), found));
  }
  return -1;
}

}  // namespace flotilla::sim
