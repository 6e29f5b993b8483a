#include "analysis/output/result_files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "analysis/output/csv_field.hpp"
#include "analysis/summary/json.hpp"

namespace flotilla::analysis {

namespace {

constexpr std::size_t kBufferSize = 1 << 18;

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::runtime_error(fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

}  // namespace

ResultFiles::ResultFiles(std::string directory) : directory_(std::move(directory)) {
  if (directory_.empty()) return;
  make_directory(directory_);
}

ResultFiles::~ResultFiles() {
  if (rows_ != nullptr) std::fclose(rows_);
}

std::function<void(const sim::Request&, sim::RequestStatus)> ResultFiles::request_rows(
    std::vector<std::string> tenants) {
  if (directory_.empty()) return {};
  for (const std::string& tenant : tenants) tenants_.push_back(csv_field(tenant));
  rows_ = std::fopen(rows_file_.emplace(path(kRowsFile)).partial().c_str(), "w");
  if (rows_ == nullptr) fail(path(kRowsFile), "cannot write");
  buffer_ =
      "id,input_tokens,output_tokens,wished_arrival_time,arrival_time,scheduled_time,first_token_time,finish_time,ttft_"
      "ms,tpot_ms,"
      "e2el_ms,replica,cached_tokens,num_preemptions,decode_replica,prefilled_time,status";
  buffer_ += tenants_.empty() ? "\n" : ",tenant\n";
  return [this](const sim::Request& r, sim::RequestStatus status) { write_row(r, status); };
}

void ResultFiles::write_row(const sim::Request& r, sim::RequestStatus status) {
  auto out = std::back_inserter(buffer_);
  fmt::format_to(out, "{},{},{},{},{},", r.id, r.input_tokens, r.output_tokens, r.wished_arrival, r.arrival);
  const bool completed = status == sim::RequestStatus::kCompleted;
  const auto time_or_empty = [&](bool known, double value) {
    if (known) fmt::format_to(out, "{}", value);
    buffer_ += ',';
  };
  time_or_empty(r.scheduled >= 0, r.scheduled);
  time_or_empty(r.first_token >= 0, r.first_token);
  time_or_empty(completed, r.last_token);
  time_or_empty(r.first_token >= 0, 1000 * (r.first_token - r.arrival));
  time_or_empty(completed && r.output_tokens > 1, 1000 * (r.last_token - r.first_token) / (r.output_tokens - 1));
  time_or_empty(completed, 1000 * (r.last_token - r.arrival));
  fmt::format_to(out, "{},{},{},", r.replica, r.cached_tokens, r.preemptions);
  if (r.decode_replica >= 0) fmt::format_to(out, "{}", r.decode_replica);
  buffer_ += ',';
  time_or_empty(r.prefilled >= 0, r.prefilled);
  fmt::format_to(out, "{}", to_text(status));
  if (!tenants_.empty()) fmt::format_to(out, ",{}", tenants_[static_cast<std::size_t>(r.tenant)]);
  buffer_ += '\n';
  if (buffer_.size() > kBufferSize) flush_rows();
}

void ResultFiles::flush_rows() {
  if (std::fwrite(buffer_.data(), 1, buffer_.size(), rows_) != buffer_.size()) fail(path(kRowsFile), "cannot write");
  buffer_.clear();
}

void add_trace_report(Summary& summary, sim::TraceReport report) {
  // The same bytes wherever the file lies.
  report.path = std::filesystem::path(report.path).filename().string();
  std::string text = sim::to_text(report);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  summary.warnings.push_back(text);
}

std::string events_csv(const sim::LifeFacts& life) {
  std::string text = "time_s,event,subject,gpus,requests\n";
  for (const sim::LifeEvent& e : life.events)
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{}\n", e.time, e.what, csv_field(e.subject), e.gpus,
                   e.requests);
  return text;
}

void ResultFiles::finish(const Summary& summary, const Curves& curves, const std::string& timeseries,
                         const std::string& resolved_yaml, const sim::LifeFacts& life) {
  if (directory_.empty()) return;
  std::vector<PartialFile> files;
  if (rows_ != nullptr) {
    flush_rows();
    if (std::fclose(std::exchange(rows_, nullptr)) != 0) fail(path(kRowsFile), "cannot write");
    files.push_back(std::move(*rows_file_));
  }
  const auto add = [&](const char* name, const std::string& text) { files.emplace_back(path(name)).write(text); };
  add(kResolvedFile, resolved_yaml);
  add(kCurvesFile, to_json(curves).dump() + "\n");
  add(kTimeseriesFile, timeseries);
  if (life.changes) add(kEventsFile, events_csv(life));
  add(kSummaryFile, to_json(summary).dump(2) + "\n");
  // The summary of an earlier run must never stand beside files of this one.
  files.back().withdraw();
  for (PartialFile& file : files) file.commit();
}

}  // namespace flotilla::analysis
