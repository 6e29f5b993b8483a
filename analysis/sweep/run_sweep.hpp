// Runs what of a sweep is missing, and keeps the results.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "analysis/sweep/store.hpp"

namespace flotilla::analysis {

/// The i-th of n shares of the points, i from 1.
struct Share {
  std::size_t index = 1, count = 1;
};
/// "3/8". Throws std::invalid_argument.
Share parse_share(const std::string& text);
/// Point p belongs to share p mod n + 1: neighbours cost about as much, and so do shares.
std::vector<std::size_t> points_of(const Share& share, std::size_t points);

struct SweepRun {
  std::string database;
  int jobs = 1;
  bool resume = false;
  bool retry_failed = false;  ///< points that are stored as failed are run again
  Share share;
  bool show_progress = false;
  const std::atomic<bool>* interrupt = nullptr;
};

/// False where the user interrupted; what was finished by then is stored. Points that cannot be built or run are stored
/// as failed. Throws as SweepStore does.
bool run_sweep(const Sweep& sweep, const SweepIdentity& identity, const SweepRun& run);

/// Copies the results of `parts`, databases of the same sweep, into `database`, which may be there already. True once
/// every point of the sweep has a result.
bool collect(const std::string& database, const std::vector<std::string>& parts);

}  // namespace flotilla::analysis
