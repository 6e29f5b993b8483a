#include "analysis/report/study_report.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "analysis/output/answer.hpp"
#include "analysis/report/page.hpp"
#include "analysis/summary/json.hpp"
#include "analysis/sweep/slurm.hpp"
#include "models/json_source.hpp"

namespace flotilla::analysis {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr models::JsonKind kKind{"a sizing", 16};
constexpr const char* kFile = "size.json";
constexpr models::JsonKind kDecisionKind{"a decision", 16};
constexpr const char* kDecisionFile = "decision.json";
constexpr const char* kAgain =
    "`flotilla size SCENARIO ... -o DIR` writes it; another release may have written this one";

/// Takes each value that the page reads, as what the page takes it for. Throws nlohmann::json::exception.
void check(const Json& json) {
  for (const char* key : {"version", "commit", "answer", "least"}) json.at(key).get<std::string>();
  for (const char* key : {"arguments", "promises"}) json.at(key).get<std::vector<std::string>>();
  json.at("seeds").get<int>();
  if (!json.at("headroom").is_null()) {
    json.at("headroom").at("to_promises").get<double>();
    json.at("headroom").at("to_saturation").get<double>();
  }
  for (const Json& c : json.at("candidates").get<std::vector<Json>>()) {
    for (const char* key : {"name", "status", "binding", "scenario"}) c.at(key).get<std::string>();
    for (const char* key : {"replicas", "tensor_parallel_sizes"}) c.at(key).get<std::vector<int>>();
    for (const char* key : {"gpus", "watts", "simulations"}) c.at(key).get<double>();
    if (c.at("status") != "feasible") continue;
    for (const char* key : {"median_ttft_ms", "p99_ttft_ms", "median_tpot_ms", "p99_tpot_ms", "busy", "kv_peak_usage"})
      c.at("figures").at(key).get<double>();
    for (const char* key : {"usd_per_month", "usd_per_million_output_tokens"}) {
      if (const Json& usd = c.at("figures").at(key); !usd.is_null()) usd.get<double>();
    }
    for (const char* key : {"sequences", "bound_ms", "calibrated_ms", "mean_tpot_ms"})
      c.at("decode_step").at(key).get<double>();
    c.at("envelope").at("inside").get<bool>();
    c.at("envelope").at("reason").get<std::string>();
  }
}

/// The same for a decision.
void check_decision(const Json& json) {
  for (const char* key : {"version", "commit", "situation", "answer", "least", "wins_by", "sure", "flips"})
    json.at(key).get<std::string>();
  json.at("arguments").get<std::vector<std::string>>();
  json.at("seeds").get<int>();
  if (!json.at("break_even").is_null()) json.at("break_even").get<double>();
  json.at("contenders").at(0).at("feasible").get<bool>();
  for (const Json& c : json.at("contenders")) {
    for (const char* key : {"name", "binding"}) c.at(key).get<std::string>();
    c.at("gpus").get<int>();
    c.at("provisioned_kw").get<double>();
    if (!c.at("feasible").get<bool>()) continue;
    for (const char* key : {"goodput_ratio", "p99_ttft_ms", "p99_tpot_ms"}) c.at(key).get<double>();
    if (!c.at("usd_per_million_useful_tokens").is_null()) c.at("usd_per_million_useful_tokens").get<double>();
    if (const Json& range = c.at("usd_interval"); !range.is_null()) {
      range.at(0).get<double>();
      range.at(1).get<double>();
    }
    c.at("envelope").at("inside").get<bool>();
    c.at("envelope").at("reason").get<std::string>();
  }
  for (const Json& v : json.at("variations")) {
    for (const char* key : {"name", "winner"}) v.at(key).get<std::string>();
    if (!v.at("cost_ratio").is_null()) v.at("cost_ratio").get<double>();
  }
}

std::string command(const Json& json, const char* name) {
  std::string text = fmt::format("flotilla {}", name);
  for (const Json& word : json.at("arguments")) text += " " + shell_word(word);
  return text;
}

/// The directory's last part: what the user called it.
std::string called(const std::string& directory) {
  const fs::path path = fs::path(directory).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

Json as_json(const StoredSizing& sizing) {
  return {{"name", called(sizing.directory)}, {"command", command(sizing.json, "size")}, {"sizing", sizing.json}};
}

Json as_json(const StoredDecision& decision) {
  return {{"command", command(decision.json, "decide")}, {"decision", decision.json}};
}

Json as_json(const StoredRun& run) {
  return {{"name", run.summary.label},
          {"directory", run.directory},
          {"answer", answer(run.summary)},
          {"binds", what_binds(run.summary)},
          {"summary", to_json(run.summary)}};
}

}  // namespace

bool is_decision(const std::string& directory) {
  std::error_code ignored;
  return fs::exists(fs::path(directory) / kDecisionFile, ignored);
}

StoredDecision read_decision(const std::string& directory) {
  const std::string path = (fs::path(directory) / kDecisionFile).string();
  const std::string text = models::read_json_text(path, kDecisionKind);
  const models::JsonSource checked(text, path, kDecisionKind);
  Json json = Json::parse(text);
  try {
    check_decision(json);
  } catch (const nlohmann::json::exception& e) {
    throw InputError({path, 0, 0, {}}, "", fmt::format("not {}: {}", kDecisionKind.what, e.what()),
                     "`flotilla decide SCENARIO ... -o DIR` writes it; another release may have written this one");
  }
  return {directory, std::move(json)};
}

bool is_sizing(const std::string& directory) {
  std::error_code ignored;
  return fs::exists(fs::path(directory) / kFile, ignored);
}

StoredSizing read_sizing(const std::string& directory) {
  const std::string path = (fs::path(directory) / kFile).string();
  const std::string text = models::read_json_text(path, kKind);
  const models::JsonSource checked(text, path, kKind);
  Json json = Json::parse(text);
  try {
    check(json);
  } catch (const nlohmann::json::exception& e) {
    throw InputError({path, 0, 0, {}}, "", fmt::format("not {}: {}", kKind.what, e.what()), kAgain);
  }
  return {directory, std::move(json)};
}

std::string study_report_html(const std::vector<StoredSizing>& sizings, const std::vector<StoredRun>& runs,
                              const std::vector<StoredDecision>& decisions) {
  Json data{{"sizings", Json::array()}, {"runs", Json::array()}, {"decisions", Json::array()}};
  std::string title = "Which fleet?";
  for (const StoredDecision& decision : decisions) data["decisions"].push_back(as_json(decision));
  for (const StoredSizing& sizing : sizings) data["sizings"].push_back(as_json(sizing));
  for (const StoredRun& run : runs) data["runs"].push_back(as_json(run));
  data["title"] = title;
  return html_page({"Flotilla: " + title, "study.html", {"study.js"}, std::move(data)});
}

}  // namespace flotilla::analysis
