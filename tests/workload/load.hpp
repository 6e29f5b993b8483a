// Helpers of these tests: workloads from YAML text, traces from text, everything a source yields.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/reader/schema.hpp"
#include "sim/workload/source.hpp"

namespace flotilla::sim {

inline const std::string kData = std::string(FLOTILLA_SOURCE_DIR) + "/tests/workload/data/";

/// A file that lives as long as this object.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& name, const std::string& content) {
    const auto folder = std::filesystem::temp_directory_path() / ("flotilla-workload-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    path_ = (folder / name).string();
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    std::filesystem::remove(std::filesystem::path(path_).parent_path(), ignored);  // fails while others are in it
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline WorkloadSpec workload(const std::string& yaml) {
  const auto document = reader::Document::from_text(yaml, "scenario.yaml");
  return reader::read<WorkloadSpec>(document.root());
}

struct Load {
  std::vector<ArrivingRequest> requests;
  TraceReport report;
};

inline Load load(const WorkloadSpec& spec, std::uint64_t seed = 1, std::size_t at_most = SIZE_MAX) {
  Load result;
  const auto source = make_source(spec, seed);
  ArrivingRequest request;
  while (result.requests.size() < at_most && source->next(request)) result.requests.push_back(request);
  if (source->report() != nullptr) result.report = *source->report();
  return result;
}

inline Load load(const std::string& yaml, std::uint64_t seed = 1) { return load(workload(yaml), seed); }

/// `rest` holds further keys of the trace, ", key: value".
inline Load load_trace(const std::string& path, const std::string& rest = "") {
  return load("trace: {path: '" + path + "'" + rest + "}");
}

/// The message of the InputError that `f` throws, as a user would see it; "" if it throws none.
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The folder of public traces, which is no part of the project; "" if it is not there.
inline std::string public_traces() {
  const char* const chosen = std::getenv("FLOTILLA_TRACES");
  const std::string folder = chosen != nullptr ? chosen : std::string(FLOTILLA_SOURCE_DIR) + "/../shared/traces";
  return std::filesystem::is_directory(folder) ? folder + "/" : "";
}

}  // namespace flotilla::sim
