// The files of a run: summary.json, distributions.json, timeseries.csv, requests.csv, resolved.yaml, and events.csv
// where the fleet may change. They are written under temporary names; when all are whole they take their own, the
// summary last.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "analysis/output/whole_file.hpp"
#include "analysis/summary/curves.hpp"
#include "analysis/summary/summary.hpp"
#include "sim/engine/request.hpp"
#include "sim/life/facts.hpp"
#include "sim/workload/source.hpp"

namespace flotilla::analysis {

inline constexpr const char* kRowsFile = "requests.csv";
inline constexpr const char* kSummaryFile = "summary.json";
inline constexpr const char* kCurvesFile = "distributions.json";
inline constexpr const char* kTimeseriesFile = "timeseries.csv";
inline constexpr const char* kEventsFile = "events.csv";
inline constexpr const char* kResolvedFile = "resolved.yaml";

class ResultFiles {
 public:
  /// Makes the directory ("" = write nothing). Throws std::runtime_error where that is impossible.
  explicit ResultFiles(std::string directory);
  ~ResultFiles();
  ResultFiles(const ResultFiles&) = delete;
  ResultFiles& operator=(const ResultFiles&) = delete;

  /// Opens requests.csv and returns the sink of its rows. With tenants these have a column of their names.
  std::function<void(const sim::Request&, sim::RequestStatus)> request_rows(std::vector<std::string> tenants = {});
  /// Writes the other files, and gives every file its name. Without it, nothing is left.
  void finish(const Summary& summary, const Curves& curves, const std::string& timeseries,
              const std::string& resolved_yaml, const sim::LifeFacts& life);

 private:
  void write_row(const sim::Request& request, sim::RequestStatus status);
  void flush_rows();
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
  std::optional<PartialFile> rows_file_;
  std::FILE* rows_ = nullptr;
  std::string buffer_;
  std::vector<std::string> tenants_;  ///< as fields
};

/// What happened to the fleet, a line each, in order.
std::string events_csv(const sim::LifeFacts& life);

/// How much of a trace was replayed, and what was left out, becomes a note of the summary.
void add_trace_report(Summary& summary, sim::TraceReport report);

}  // namespace flotilla::analysis
