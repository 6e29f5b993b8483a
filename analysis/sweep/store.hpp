// The results of a sweep, in one SQLite file that a crash does not hurt: each point is one transaction. Tables:
//   sweep(key, value)                            format, identity, version, commit, name, scenario, points, swept keys
//   points(point, hash, keys_values)             every point of the sweep, run or not; keys_values is a JSON object
//   results(point, status, error, summary)       what is done: status done or failed; summary as in summary.json
//   figures                                      a view: the main figures of what is done, a row per point
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "analysis/sweep/database.hpp"
#include "analysis/sweep/sweep.hpp"

namespace flotilla::analysis {

/// What became of a point.
struct PointResult {
  bool done = false;
  std::string error;    ///< if not done: why
  std::string summary;  ///< if done: summary.json on one line
};

/// One sweep as a database knows it.
struct SweepIdentity {
  std::string hash, version, commit;
  std::string name, scenario_path;
  std::vector<std::string> swept_keys;
  std::vector<std::string> hashes;               ///< of each point
  std::vector<std::vector<std::string>> values;  ///< of the swept keys, at each point

  static SweepIdentity of(const Sweep& sweep);
};

class SweepStore {
 public:
  enum class Open {
    kNew,     ///< must not be there yet
    kResume,  ///< goes on where it is there: it must be the same sweep by the same program
  };
  SweepStore(const std::string& path, const SweepIdentity& identity, Open how);
  ~SweepStore();
  SweepStore(const SweepStore&) = delete;
  SweepStore& operator=(const SweepStore&) = delete;

  /// Once it returns, no crash of a program loses it; a power cut may lose what was recorded within a second of the
  /// last sync.
  void record(std::size_t point, const PointResult& result);
  /// Everything that is known, by point.
  [[nodiscard]] std::map<std::size_t, PointResult> results();

 private:
  class Lock;
  void create(const SweepIdentity& identity);
  void check(const SweepIdentity& identity);
  std::string value_of(const std::string& key);

  std::unique_ptr<Lock> lock_;
  std::unique_ptr<Database> database_;
  std::chrono::steady_clock::time_point last_sync_ = std::chrono::steady_clock::now();
};

/// What a database holds, read only: of a sweep that is over, stopped or still running.
struct StoredSweep {
  SweepIdentity identity;
  std::map<std::size_t, PointResult> results;
};
StoredSweep read_store(const std::string& path);

}  // namespace flotilla::analysis
