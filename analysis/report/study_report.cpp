#include "analysis/report/study_report.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <initializer_list>
#include <utility>

#include "analysis/output/answer.hpp"
#include "analysis/report/page.hpp"
#include "analysis/stored_json.hpp"
#include "analysis/summary/json.hpp"
#include "analysis/sweep/slurm.hpp"
#include "scenarios/reader/plain_text.hpp"

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
constexpr const char* kDecideAgain =
    "`flotilla decide SCENARIO ... -o DIR` writes it; another release may have written this one";

/// Each value that the page reads is there, and what the page takes it for. Throws Misfit.
template <class T>
void check_each(const Stored& stored, std::initializer_list<const char*> keys) {
  for (const char* key : keys) static_cast<void>(stored.at(key).as<T>());
}

/// The same where null means that there is none.
template <class T>
void check_if_any(const Stored& stored) {
  if (!stored.is_null()) static_cast<void>(stored.as<T>());
}

void check_envelope(const Stored& envelope) {
  check_each<bool>(envelope, {"inside"});
  check_each<std::string>(envelope, {"reason"});
}

void check_sizing(const Stored& sizing) {
  check_each<std::string>(sizing, {"version", "commit", "answer", "least"});
  check_each<std::vector<std::string>>(sizing, {"arguments", "promises"});
  check_each<int>(sizing, {"seeds"});
  if (const Stored headroom = sizing.at("headroom"); !headroom.is_null())
    check_each<double>(headroom, {"to_promises", "to_saturation"});
  for (const Stored& c : sizing.at("candidates").list()) {
    check_each<std::string>(c, {"name", "status", "binding", "scenario"});
    check_each<std::vector<int>>(c, {"replicas", "tensor_parallel_sizes"});
    check_each<double>(c, {"gpus", "watts", "simulations"});
    if (c.at("status").json() != "feasible") continue;
    const Stored figures = c.at("figures");
    check_each<double>(figures,
                       {"median_ttft_ms", "p99_ttft_ms", "median_tpot_ms", "p99_tpot_ms", "busy", "kv_peak_usage"});
    check_if_any<double>(figures.at("usd_per_month"));
    check_if_any<double>(figures.at("usd_per_million_output_tokens"));
    check_each<double>(c.at("decode_step"), {"sequences", "bound_ms", "calibrated_ms", "mean_tpot_ms"});
    check_envelope(c.at("envelope"));
  }
}

/// Of decisions a matrix is printed: no text may hold what a terminal obeys.
void check_texts(const Stored& stored) {
  if (stored.json().is_string() && reader::has_control_characters(stored.as<std::string>()))
    stored.fail("a control character or a line end");
  if (stored.json().is_object()) {
    for (const auto& [key, value] : stored.entries()) {
      if (reader::has_control_characters(key)) stored.fail("a control character or a line end in a key");
      check_texts(value);
    }
  }
  if (stored.json().is_array()) {
    for (const Stored& item : stored.list()) check_texts(item);
  }
}

void check_contender(const Stored& c) {
  check_each<std::string>(c, {"name", "binding"});
  check_each<int>(c, {"gpus"});
  check_each<double>(c, {"provisioned_kw"});
  if (!c.at("feasible").as<bool>()) return;
  check_each<double>(c, {"goodput_ratio", "p99_ttft_ms", "p99_tpot_ms"});
  check_if_any<double>(c.at("usd_per_million_useful_tokens"));
  check_if_any<std::array<double, 2>>(c.at("usd_interval"));
  check_envelope(c.at("envelope"));
}

void check_decision(const Stored& decision) {
  check_each<std::string>(decision, {"version", "commit", "situation", "answer", "least", "wins_by", "sure", "flips"});
  check_each<std::vector<std::string>>(decision, {"arguments"});
  check_each<int>(decision, {"seeds"});
  check_if_any<double>(decision.at("break_even"));
  for (const Stored& contender : decision.at("contenders").list(1)) check_contender(contender);
  for (const Stored& v : decision.at("variations").list()) {
    check_each<std::string>(v, {"name", "winner"});
    check_if_any<double>(v.at("cost_ratio"));
  }
  check_texts(decision);
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
  return {directory,
          read_stored((fs::path(directory) / kDecisionFile).string(), kDecisionKind, kDecideAgain, check_decision)};
}

bool is_sizing(const std::string& directory) {
  std::error_code ignored;
  return fs::exists(fs::path(directory) / kFile, ignored);
}

StoredSizing read_sizing(const std::string& directory) {
  return {directory, read_stored((fs::path(directory) / kFile).string(), kKind, kAgain, check_sizing)};
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
