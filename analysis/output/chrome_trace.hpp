// What replicas and requests did, as a trace in Chrome's JSON format, which the Perfetto UI opens: a process per
// replica, with its steps as slices on a thread, its requests as asynchronous slices, and counters. Written as the run
// goes, an event a line.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "analysis/output/whole_file.hpp"
#include "sim/build.hpp"
#include "sim/engine/request.hpp"
#include "sim/engine/step_listener.hpp"
#include "sim/scenario/scenario.hpp"

namespace flotilla::analysis {

/// What is to be drawn. Times in seconds of simulated time.
struct TracePlan {
  std::string file;  ///< "": none; *.gz is compressed
  std::int64_t requests = 10'000;
  std::int64_t steps = 500'000;  ///< a stretch counts as one
  double from = 0;
  double until = std::numeric_limits<double>::infinity();
};

class ChromeTrace final : public sim::StepListener {
 public:
  /// Opens the file under a temporary name. Throws std::runtime_error where that is impossible.
  ChromeTrace(TracePlan plan, const sim::Scenario& scenario, const sim::Build& build);
  /// Without finish(), the file goes.
  ~ChromeTrace() override;
  ChromeTrace(const ChromeTrace&) = delete;
  ChromeTrace& operator=(const ChromeTrace&) = delete;

  void made(int replica, int serving_group, std::int64_t kv_blocks) override;
  void levels(int replica, double now, const sim::Levels& levels) override;
  void waiting(int replica, double now, std::int64_t requests) override;
  void mixed_step(int replica, const sim::MixedStep& step) override;
  void stretch(int replica, const sim::Stretch& stretch) override;
  /// A request that leaves.
  void request(const sim::Request& r, sim::RequestStatus status);

  /// Ends the file and gives it its name. Returns a phrase on what was left out; "" if nothing was.
  std::string finish();

 private:
  struct Seen {
    sim::Levels levels;
    double kv_blocks = 0;  ///< all there are
  };
  struct Phase {
    const char* name;
    double end;  ///< < 0: not reached
  };

  [[nodiscard]] bool in_window(double begin, double end) const { return end >= plan_.from && begin < plan_.until; }
  [[nodiscard]] bool draws_step(double begin, double end);
  void counter(int replica, double now, const char* name, const char* unit, double value);
  void kv_level(int replica, double now, std::int64_t blocks);
  void async(char phase, const sim::Request& r, const char* name, double when, const std::string& more = "");
  void kv_flow(const sim::Request& r);
  void phases(const sim::Request& r, sim::RequestStatus status, double end);
  void event(const std::string& text);
  void flush();
  [[noreturn]] void fail(const char* what);
  [[nodiscard]] std::string left_out() const;

  TracePlan plan_;
  const sim::Scenario& scenario_;
  const sim::Build& build_;
  PartialFile partial_;
  void* file_ = nullptr;  ///< zlib's gzFile
  std::string buffer_;
  bool first_ = true;
  std::vector<Seen> seen_;   ///< by replica
  int first_decoding_ = -1;  ///< replica of those that decode what others prefill
  double latest_ = 0;
  std::int64_t drawn_steps_ = 0, all_steps_ = 0;
  std::int64_t drawn_requests_ = 0, all_requests_ = 0;
};

}  // namespace flotilla::analysis
