#include <fmt/format.h>

#include <algorithm>

#include "analysis/validate/writers.hpp"
#include "analysis/version.hpp"

namespace flotilla::analysis {
namespace {

/// How each kind of row is replayed, and what is assumed. The code that does it: analysis/validate/.
constexpr const char* kHow = R"(## How rows are replayed

| rows | replayed as | assumed |
|---|---|---|
| InferenceX, closed loop | a burst of C requests, then 10 C in all, the drain included; lengths uniform in 80-100 % of nominal; launch flags of the published scripts | statistics are means; releases by date where none is named |
| NVIDIA's internal runs, closed loop | the same with fixed lengths and the engine's defaults | flags, request count and precision where blank (BF16) |
| TensorRT-LLM offline tables | all requests queued at once, as many as NVIDIA's page says; fixed lengths; limits by trtllm-bench's own rule; 0.95 of the free memory for KV | mixtures of experts from 0.20 on: attention data parallelism, whole experts on each GPU |
| TensorRT-LLM 0.14 online | 500 requests, Poisson at the rate | every request has the mean length |
| TensorRT-LLM 0.9, Splitwise | one batch, prefilled in one step | |
| MLPerf v4.1 | server: Poisson at the rate for 600 s; offline: 24,576 requests per GPU; NVIDIA's batch limits | inputs: OpenOrca's published mean (222 tokens), shape from published extremes; Mixtral's mix (OpenOrca, GSM8K behind eight worked examples, MBXP) is reckoned at 447 tokens, for no mean is published |
| multi-turn and agentic runs | closed loop of as many clients; mean lengths and hit rate of the row, the cached part of a prompt held in memory but not computed | no think time; a client's context is not kept between its turns |

Throughput of closed loops that publish none is C O / (TTFT + TPOT (O - 1)) / GPUs on both sides, with O the mean of output tokens. What the simulator refuses is
counted as not predicted, with its reason. Rows that the table marks as not clean are in none of the classes; they have a table of their own.
)";

std::string percent(double ratio) { return fmt::format("{:.1f}", 100 * ratio); }

std::string target_text(const Target* target) {
  if (target == nullptr) return "reported";
  std::string text = fmt::format("<= {:.0f} %", 100 * target->median);
  if (target->p90) text += fmt::format(", p90 <= {:.0f} %", 100 * *target->p90);
  return text;
}

std::string cells(const std::vector<Compared>& points, Metric metric) {
  const auto s = error_statistics(points, metric);
  if (s.n == 0) return "| 0 | - | - | - |";
  return fmt::format("| {} | {} | {} | {:+.1f} |", s.n, percent(s.median), percent(s.p90), 100 * s.bias);
}

std::string class_rows(const ClassGroup& c) {
  std::string text;
  for (const Metric metric : c.of->reported) {
    const auto s = error_statistics(c.group.points, metric);
    const Judgement judgement = judge(*c.of, metric, s);
    text += fmt::format("| {} | {} {} {} | {} |\n", c.group.name, title_of(metric), cells(c.group.points, metric),
                        target_text(c.of->target(metric)), judgement == Judgement::kReported ? "" : name_of(judgement));
  }
  return text;
}

/// KV memory as engines logged it, in the same table.
std::string ledger_row(const std::vector<LedgerLine>& ledger) {
  const auto s = ledger_errors(ledger);
  if (s.n == 0) return "";
  return fmt::format(
      "| KV tokens as vLLM logged them at start | KV tokens | {} | {} | {} | {:+.1f} | <= {:.0f} % each; worst {} % | "
      "{} |\n",
      s.n, percent(s.median), percent(s.p90), 100 * s.bias, 100 * kLedgerTarget, percent(worst_error(ledger)),
      worst_error(ledger) <= kLedgerTarget ? "met" : "missed");
}

std::string group_rows(const Group& group) {
  std::string text;
  for (const Metric metric : kMetrics) {
    if (error_statistics(group.points, metric).n == 0) continue;
    text += fmt::format("| {} | {} {}\n", group.name, title_of(metric), cells(group.points, metric));
  }
  return text;
}

std::string group_table(const std::string& title, const std::vector<Group>& groups) {
  std::string rows;
  for (const Group& group : groups) rows += group_rows(group);
  if (rows.empty()) return "";
  return fmt::format("\n## {}\n\n| | metric | n | median % | p90 % | bias % |\n|---|---|---:|---:|---:|---:|\n{}",
                     title, rows);
}

std::string skipped_table(const Group& everything) {
  std::vector<std::pair<std::size_t, std::string>> reasons;
  for (const auto& [reason, n] : everything.skipped()) reasons.emplace_back(n, reason);
  std::sort(reasons.rbegin(), reasons.rend());
  std::string text = "\n## Not predicted\n\n| rows | why |\n|---:|---|\n";
  for (auto& [n, reason] : reasons) {
    std::replace(reason.begin(), reason.end(), '|', '/');
    text += fmt::format("| {} | {} |\n", n, reason);
  }
  return reasons.empty() ? "" : text;
}

}  // namespace

std::string validation_page(const Validation& validation, const std::string& date, const std::string& table) {
  const Group everything{"all", validation.all()};
  std::string text = fmt::format(
      "# How accurate are predictions?\n\nWritten by `flotilla validate {} --markdown docs/validation.md` on {}, "
      "Flotilla {} ({}): change nothing here by "
      "hand.\n\n**{}** {} of {} measured points are predicted. Errors are |predicted / measured - 1|; bias is the "
      "median of the signed ones.\n\n",
      table, date, kVersion, kCommit, answer(validation), everything.predicted(), everything.points.size());
  text +=
      "| class | metric | n | median % | p90 % | bias % | target (median) | |\n|---|---|---:|---:|---:|---:|---|---|\n";
  for (const ClassGroup& c : validation.classes()) {
    if (c.of->key != "not-clean") text += class_rows(c);
  }
  text += ledger_row(validation.ledger());
  std::vector<Group> variations;
  for (auto& [variation, group] : validation.variations()) variations.push_back(group);
  text += group_table("Under other assumptions", variations);
  text += group_table("By GPU", validation.by([](const MeasuredPoint& p) { return p.gpu; }));
  text += group_table("By engine", validation.by([](const MeasuredPoint& p) { return p.engine; }));
  text += group_table("By model", validation.by([](const MeasuredPoint& p) { return p.model; }));
  text += group_table("By parallelism", validation.by(parallelism_of));
  text += group_table("Rows that are not clean, by the table's reason", validation.not_clean());
  return text + skipped_table(everything) + "\n" + kHow;
}

}  // namespace flotilla::analysis
