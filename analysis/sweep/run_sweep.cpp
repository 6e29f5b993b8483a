#include "analysis/sweep/run_sweep.hpp"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "analysis/crew.hpp"
#include "analysis/output/progress.hpp"
#include "analysis/run.hpp"
#include "analysis/summary/json.hpp"
#include "models/calibration.hpp"

namespace flotilla::analysis {

Share parse_share(const std::string& text) {
  Share share;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, share.index);
  const bool slash = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = slash ? std::from_chars(first.ptr + 1, end, share.count) : first;
  if (!slash || second.ec != std::errc() || second.ptr != end || share.index < 1 || share.index > share.count)
    throw std::invalid_argument(fmt::format("'{}' is no share: write i/n with i from 1 to n, as in 1/8", text));
  return share;
}

std::vector<std::size_t> points_of(const Share& share, std::size_t points) {
  std::vector<std::size_t> mine;
  for (std::size_t point = share.index - 1; point < points; point += share.count) mine.push_back(point);
  return mine;
}

bool run_sweep(const Sweep& sweep, const SweepIdentity& identity, const SweepRun& run) {
  SweepStore store(run.database, identity,
                   run.resume || run.retry_failed ? SweepStore::Open::kResume : SweepStore::Open::kNew);
  const auto known = store.results();
  std::vector<std::size_t> missing;
  for (const std::size_t point : points_of(run.share, sweep.size())) {
    const auto result = known.find(point);
    const bool again = run.retry_failed && result != known.end() && !result->second.done;
    if (result == known.end() || again) missing.push_back(point);
  }
  models::calibrations();  // read once here, not in every child
  Bar bar(run.show_progress, "points");
  std::size_t finished = 0;
  return run_all(
      missing, {run.jobs, run.interrupt},
      [&](std::size_t point) { return to_json(run_here(sweep.load(point), {})).dump(); },
      [&](std::size_t point, const Work& work) {
        store.record(point, work.done ? PointResult{true, "", work.text} : PointResult{false, work.text, ""});
        bar.show(++finished, missing.size());
      });
}

bool collect(const std::string& database, const std::vector<std::string>& parts) {
  bool whole = false;
  for (const std::string& part : parts) {
    const StoredSweep stored = read_store(part);
    SweepStore store(database, stored.identity, SweepStore::Open::kResume);
    const auto there = store.results();
    for (const auto& [point, result] : stored.results) {
      if (there.count(point) == 0) store.record(point, result);
    }
    whole = store.results().size() == stored.identity.hashes.size();
  }
  return whole;
}

}  // namespace flotilla::analysis
