#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "analysis/validate/writers.hpp"

namespace flotilla::analysis {
namespace {

constexpr std::size_t kTitleWidth = 58;

bool in(const std::vector<Metric>& metrics, Metric metric) {
  return std::find(metrics.begin(), metrics.end(), metric) != metrics.end();
}

/// "5.0 / 11.2 / -1.3 met": median and p90 of absolute errors, bias, in percent.
std::string cell(const ClassGroup& c, Metric metric) {
  if (!in(c.of->reported, metric)) return "";
  const auto s = error_statistics(c.group.points, metric);
  if (s.n == 0) return "-";
  const Judgement judgement = judge(*c.of, metric, s);
  const char* verdict = judgement == Judgement::kReported ? "" : name_of(judgement);
  return fmt::format("{:.1f} / {:.1f} / {:+.1f} {}", 100 * s.median, 100 * s.p90, 100 * s.bias, verdict);
}

}  // namespace

std::string answer(const Validation& validation) {
  const auto classes = validation.classes();
  int met = 0, missed = 0, open = 0;
  std::string misses;
  for (const ClassGroup& c : classes) {
    for (const Target& target : c.of->targets) {
      switch (judge(*c.of, target.metric, error_statistics(c.group.points, target.metric))) {
        case Judgement::kMet:
          ++met;
          break;
        case Judgement::kMissed:
          ++missed;
          misses += fmt::format("{}{} of {}", misses.empty() ? "" : ", ", title_of(target.metric), c.of->key);
          break;
        default:
          ++open;
      }
    }
  }
  std::string text = fmt::format("{} of {} targets are met", met, met + missed + open);
  if (missed > 0) text += fmt::format("; missed: {}", misses);
  if (open > 0) text += fmt::format("; without a predicted point: {}", open);
  return text + ".";
}

std::string terminal_text(const Validation& validation) {
  const auto classes = validation.classes();
  const Group everything{"", validation.all()};
  std::string text = answer(validation) + "\n";
  text += fmt::format(
      "{} of {} points are predicted. Errors in %: median / 90th percentile of absolute ones / bias (median of "
      "signed).\n\n",
      everything.predicted(), everything.points.size());
  text += fmt::format("{:<{}} {:>6} {:>9}  {:<28}{:<28}{}\n", "class", kTitleWidth, "points", "predicted", "TPOT",
                      "TTFT", "throughput per GPU");
  for (const ClassGroup& c : classes) {
    std::string line = fmt::format("{:<{}} {:>6} {:>9}  {:<28}{:<28}{}", c.of->title.substr(0, kTitleWidth),
                                   kTitleWidth, c.group.points.size(), c.group.predicted(), cell(c, Metric::kTpot),
                                   cell(c, Metric::kTtft), cell(c, Metric::kThroughput));
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  if (!validation.ledger().empty()) {
    const auto s = ledger_errors(validation.ledger());
    text += fmt::format("\nKV tokens against {} logged ones: {:.1f} / {:.1f} / {:+.1f}, worst {:.1f} %: {}\n", s.n,
                        100 * s.median, 100 * s.p90, 100 * s.bias, 100 * worst_error(validation.ledger()),
                        worst_error(validation.ledger()) <= kLedgerTarget ? "met" : "missed");
  }
  return text;
}

}  // namespace flotilla::analysis
