// Tables of measured points as tests write them: a header, then rows of which only some columns are filled in.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "analysis/validate/points.hpp"
#include "tests/validate/temporary_file.hpp"

namespace flotilla::tests {

inline const std::vector<std::string> kColumns{"id",
                                               "source",
                                               "date",
                                               "gpu",
                                               "gpus_total",
                                               "model",
                                               "weight_precision",
                                               "kv_precision",
                                               "engine",
                                               "engine_version",
                                               "tp",
                                               "pp",
                                               "ep",
                                               "attn_dp",
                                               "disaggregated",
                                               "input_tokens",
                                               "output_tokens",
                                               "length_distribution",
                                               "load_kind",
                                               "load_value",
                                               "throughput_output_tok_s_per_gpu",
                                               "throughput_total_tok_s_per_gpu",
                                               "ttft_ms",
                                               "ttft_stat",
                                               "tpot_or_itl_ms",
                                               "tpot_stat",
                                               "measured_raw",
                                               "clean",
                                               "qc_flag",
                                               "notes"};

using RowText = std::map<std::string, std::string>;

inline std::string table_text(const std::vector<RowText>& rows) {
  std::string text;
  for (const auto& column : kColumns) text += (text.empty() ? "" : ",") + column;
  text += "\n";
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const auto field = row.find(kColumns[i]);
      line += (i == 0 ? "" : ",") + (field == row.end() ? std::string() : "\"" + field->second + "\"");
    }
    text += line + "\n";
  }
  return text;
}

inline std::vector<analysis::MeasuredPoint> points_of(const std::vector<RowText>& rows) {
  const TemporaryFile file("points.csv", table_text(rows));
  return analysis::read_points(analysis::Table::load(file.path()));
}

/// InferenceX's words for its lengths.
inline const std::string kUniform =
    "random tokens; input length uniform in [0.8*ISL, ISL], output length uniform in [0.8*OSL, OSL]";

/// A run of InferenceX on 2025-10-29: Llama 3.3 70B in FP8 on two H100s under vLLM, 64 clients, 1k in, 1k out; TTFT and
/// TPOT of "h100_sxm_vllm_fp8_agg_1024x1024_c64_tp2_ep1_648" in AIConfigurator's silicon_sample.csv (095f58a5).
inline RowText llama_on_h100() {
  return {{"id", "aic-h100-64"},
          {"date", "2025-10-29"},
          {"gpu", "H100"},
          {"gpus_total", "2"},
          {"model", "Llama 3.3 70B"},
          {"weight_precision", "fp8"},
          {"engine", "vLLM"},
          {"tp", "2"},
          {"pp", "1"},
          {"ep", "1"},
          {"attn_dp", "1"},
          {"disaggregated", "no"},
          {"input_tokens", "1024"},
          {"output_tokens", "1024"},
          {"length_distribution", kUniform},
          {"load_kind", "concurrency (closed loop)"},
          {"load_value", "64"},
          {"ttft_ms", "415.1"},
          {"tpot_or_itl_ms", "28.77"},
          {"clean", "1"}};
}

/// With some fields changed.
inline RowText with(RowText row, const RowText& changes) {
  for (const auto& [column, value] : changes) row[column] = value;
  return row;
}

}  // namespace flotilla::tests
