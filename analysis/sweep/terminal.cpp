#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/sweep/frontier.hpp"
#include "analysis/sweep/writers.hpp"

namespace flotilla::analysis {

namespace {

constexpr std::size_t kMostRows = 20;      ///< of a frontier
constexpr std::size_t kMostFailures = 10;  ///< kinds of them; the database has all

/// Keys by their last name where that is enough to tell them apart: max_concurrency, tensor_parallel_size.
std::vector<std::string> short_names(const std::vector<std::string>& keys) {
  std::vector<std::string> names;
  for (const std::string& key : keys) {
    const std::string last = key.substr(key.rfind('.') + 1);
    const auto same = [&](const std::string& other) { return other.substr(other.rfind('.') + 1) == last; };
    names.push_back(std::count_if(keys.begin(), keys.end(), same) > 1 ? key : last);
  }
  return names;
}

/// "max_concurrency=4 system=hgx-h100", without the keys of `left_out`.
std::string place_of(const SweepIdentity& identity, std::size_t point, const std::vector<std::size_t>& left_out = {}) {
  const auto names = short_names(identity.swept_keys);
  std::string text;
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (std::find(left_out.begin(), left_out.end(), k) != left_out.end()) continue;
    text += (text.empty() ? "" : " ") + names[k] + "=" + identity.values[point][k];
  }
  return text.empty() ? "the scenario as it is" : text;
}

std::string heading_of(const SweepIdentity& identity, const SweptLoad& load) {
  const auto names = short_names(identity.swept_keys);
  std::string text;
  for (std::size_t i = 0; i < load.keys.size(); ++i)
    text += (i == 0 ? "\n" : " ") + names[load.keys[i]] + "=" + load.values[i];
  return text.empty() ? "" : text + "\n";
}

/// Columns as wide as what stands in them, numbers to the right.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) text += fmt::format("  {:>{}}", row[c], widths[c]);
    text += "\n";
  }
  return text;
}

std::vector<std::string> row_of(const SweepIdentity& identity, const RatedPoint& p,
                                const std::vector<std::size_t>& left_out) {
  std::vector<std::string> row{fmt::format("{:.1f}", p.per_user),
                               fmt::format("{:.1f}", p.per_gpu),
                               fmt::format("{:.0f}", p.p99_ttft_ms),
                               fmt::format("{:.2f}", p.p99_tpot_ms),
                               p.usd_per_million ? fmt::format("{:.3f}", *p.usd_per_million) : "-",
                               std::to_string(p.gpus)};
  for (std::size_t k = 0; k < identity.swept_keys.size(); ++k) {
    if (std::find(left_out.begin(), left_out.end(), k) == left_out.end()) row.push_back(identity.values[p.point][k]);
  }
  row.push_back(std::to_string(p.point));
  return row;
}

/// Evenly over a long frontier, both ends included.
std::vector<RatedPoint> thinned(const std::vector<RatedPoint>& points) {
  if (points.size() <= kMostRows) return points;
  std::vector<RatedPoint> kept;
  for (std::size_t i = 0; i < kMostRows; ++i) kept.push_back(points[i * (points.size() - 1) / (kMostRows - 1)]);
  return kept;
}

/// Keys that are the same in all rows of a load, or taken together in each.
std::vector<std::size_t> hidden_keys(const SweepIdentity& identity, const SweptLoad& load) {
  std::vector<std::size_t> hidden = load.keys;
  for (std::size_t k = 0; k < identity.swept_keys.size(); ++k) {
    if (identity.swept_keys[k] == "seed") hidden.push_back(k);
  }
  return hidden;
}

std::string load_text(const SweepIdentity& identity, const SweptLoad& load) {
  const auto hidden = hidden_keys(identity, load);
  std::string text = heading_of(identity, load);
  if (load.saturated > 0) {
    text += fmt::format(
        "{} points left out: the fleet does not keep up there, and latencies depend on the length of the run\n",
        load.saturated);
  }
  if (load.frontier.empty()) return text;
  text += fmt::format("most tok/s/GPU:   {:.1f} at {}\n", load.frontier.back().per_gpu,
                      place_of(identity, load.frontier.back().point, hidden));
  text += fmt::format("most tok/s/user:  {:.1f} at {}\n", load.frontier.front().per_user,
                      place_of(identity, load.frontier.front().point, hidden));
  if (load.cheapest) {
    text += fmt::format("least $/M output: {:.3f} at {}\n", *load.cheapest->usd_per_million,
                        place_of(identity, load.cheapest->point, hidden));
  }
  text += fmt::format("frontier of tok/s/GPU against tok/s/user, {} of {} points{}:\n", load.frontier.size(),
                      load.points.size(), load.points.front().seeds > 1 ? ", each the mean of its seeds" : "");
  std::vector<std::vector<std::string>> rows{{"tok/s/user", "tok/s/GPU", "TTFT p99", "TPOT p99", "$/M out", "GPUs"}};
  const auto names = short_names(identity.swept_keys);
  for (std::size_t k = 0; k < names.size(); ++k) {
    if (std::find(hidden.begin(), hidden.end(), k) == hidden.end()) rows.front().push_back(names[k]);
  }
  rows.front().emplace_back("point");
  for (const RatedPoint& p : thinned(load.frontier)) rows.push_back(row_of(identity, p, hidden));
  return text + table(rows);
}

/// Points that failed alike stand together, under the first line of what was said.
std::string failures_text(const StoredSweep& sweep) {
  std::map<std::string, std::vector<std::size_t>> failures;
  std::size_t failed = 0;
  for (const auto& [point, result] : sweep.results) {
    if (result.done) continue;
    failures[result.error.substr(0, result.error.find('\n'))].push_back(point);
    ++failed;
  }
  if (failed == 0) return "";
  std::string text = fmt::format("\n{} of {} points failed:\n", failed, sweep.identity.hashes.size());
  std::size_t shown = 0;
  for (const auto& [error, points] : failures) {
    if (shown++ == kMostFailures) return text + "  ... and in other ways: see the table results of the database\n";
    text += fmt::format("  {}\n    point {}: {}", error, points.front(), place_of(sweep.identity, points.front()));
    text += points.size() > 1 ? fmt::format(", and {} more\n", points.size() - 1) : "\n";
  }
  return text;
}

}  // namespace

std::string sweep_terminal(const StoredSweep& sweep) {
  std::size_t done = 0;
  for (const auto& [point, result] : sweep.results) done += result.done ? 1 : 0;
  const std::size_t missing = sweep.identity.hashes.size() - sweep.results.size();
  std::string text = fmt::format("{}: {} of {} points done", sweep.identity.name, done, sweep.identity.hashes.size());
  if (sweep.results.size() > done) text += fmt::format(", {} failed", sweep.results.size() - done);
  if (missing > 0) text += fmt::format(", {} still to do", missing);
  text += ".\n";
  for (const SweptLoad& load : rate(sweep)) text += load_text(sweep.identity, load);
  return text + failures_text(sweep);
}

std::string sweep_listing(const SweepIdentity& identity, const std::vector<std::size_t>& points) {
  std::string text;
  for (const std::size_t point : points) text += fmt::format("{:>6}  {}\n", point, place_of(identity, point));
  return text;
}

}  // namespace flotilla::analysis
