#include "analysis/output/chrome_trace.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "analysis/version.hpp"

namespace flotilla::analysis {

namespace {

constexpr std::size_t kBufferSize = 1 << 18;

/// Whole nanoseconds: slices that touch in the simulation touch in the file, too.
std::int64_t nanoseconds(double seconds) { return std::llround(seconds * 1e9); }

/// The format's microseconds.
std::string microseconds(std::int64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }
std::string microseconds(double seconds) { return microseconds(nanoseconds(seconds)); }

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string slice(int replica, const char* name, double begin, double end, const std::string& args) {
  const std::int64_t from = nanoseconds(begin);
  return fmt::format(R"({{"ph":"X","pid":{},"tid":1,"cat":"step","name":"{}","ts":{},"dur":{},"args":{{{}}}}})",
                     replica + 1, name, microseconds(from), microseconds(nanoseconds(end) - from), args);
}

std::string by_cause(const models::CauseTimes& times) {
  return fmt::format(R"("memory_ms":{:.6g},"compute_ms":{:.6g},"communication_ms":{:.6g},"host_ms":{:.6g})",
                     1000 * times.memory, 1000 * times.compute, 1000 * times.communication, 1000 * times.host);
}

std::string role_of(sim::Role role) {
  if (role == sim::Role::kMixed) return "";
  return role == sim::Role::kPrefill ? ", prefill" : ", decode";
}

}  // namespace

ChromeTrace::ChromeTrace(TracePlan plan, const sim::Scenario& scenario, const sim::Build& build)
    : plan_(std::move(plan)), scenario_(scenario), build_(build), partial_(plan_.file) {
  const bool compressed = plan_.file.size() > 3 && plan_.file.compare(plan_.file.size() - 3, 3, ".gz") == 0;
  file_ = gzopen(partial_.partial().c_str(), compressed ? "wb6" : "wbT");
  if (file_ == nullptr) fail("cannot write");
  buffer_ = R"({"displayTimeUnit":"ms","traceEvents":[)";
}

ChromeTrace::~ChromeTrace() {
  if (file_ != nullptr) gzclose(static_cast<gzFile>(file_));
}

void ChromeTrace::made(int replica, int serving_group, std::int64_t kv_blocks) {
  seen_.resize(std::max(seen_.size(), static_cast<std::size_t>(replica) + 1));
  seen_[static_cast<std::size_t>(replica)].kv_blocks = static_cast<double>(kv_blocks);
  const sim::ServingGroup& group = build_.groups[static_cast<std::size_t>(serving_group)];
  if (group.role == sim::Role::kDecode && first_decoding_ < 0) first_decoding_ = replica;
  const std::string name = fmt::format("replica {} of {}: {} x {}{}", replica, scenario_.fleet.pools[group.pool].name,
                                       group.gpus_per_replica, build_.pools[group.pool].gpu.name, role_of(group.role));
  const auto meta = [&](const char* what, const std::string& args) {
    event(fmt::format(R"({{"ph":"M","pid":{},"tid":1,"name":"{}","args":{{{}}}}})", replica + 1, what, args));
  };
  meta("process_name", "\"name\":" + quoted(name));
  meta("process_sort_index", fmt::format("\"sort_index\":{}", replica));
  meta("thread_name", R"("name":"steps")");
}

bool ChromeTrace::draws_step(double begin, double end) {
  latest_ = std::max(latest_, end);
  ++all_steps_;
  if (!in_window(begin, end) || drawn_steps_ >= plan_.steps) return false;
  ++drawn_steps_;
  return true;
}

void ChromeTrace::mixed_step(int replica, const sim::MixedStep& step) {
  if (!draws_step(step.begin, step.end)) return;
  event(slice(replica, step.decoding > 0 ? "prefill + decode" : "prefill", step.begin, step.end,
              fmt::format(R"("prompts":{},"prompt_tokens":{},"decoding":{},{})", step.prompts, step.prompt_tokens,
                          step.decoding, by_cause(step.times))));
}

void ChromeTrace::stretch(int replica, const sim::Stretch& stretch) {
  const double end = stretch.boundary(stretch.steps);
  if (draws_step(stretch.anchor, end)) {
    const double last = stretch.first + stretch.growth * static_cast<double>(stretch.steps - 1);
    event(
        slice(replica, "decode", stretch.anchor, end,
              fmt::format(R"("steps":{},"decoding":{},"kv_tokens":{},"first_step_ms":{:.6g},"last_step_ms":{:.6g},{})",
                          stretch.steps, stretch.sequences, stretch.kv_tokens, 1000 * stretch.first, 1000 * last,
                          by_cause(stretch.time_by_cause()))));
  }
  kv_level(replica, end, stretch.blocks_at_end);
}

void ChromeTrace::levels(int replica, double now, const sim::Levels& levels) {
  Seen& seen = seen_[static_cast<std::size_t>(replica)];
  if (seen.levels.running != levels.running && in_window(now, now)) {
    counter(replica, now, "running", "sequences", static_cast<double>(levels.running));
    seen.levels.running = levels.running;
  }
  waiting(replica, now, levels.waiting);
  kv_level(replica, now, levels.kv_blocks);
}

void ChromeTrace::waiting(int replica, double now, std::int64_t requests) {
  Seen& seen = seen_[static_cast<std::size_t>(replica)];
  if (seen.levels.waiting == requests || !in_window(now, now)) return;
  counter(replica, now, "waiting", "requests", static_cast<double>(requests));
  seen.levels.waiting = requests;
}

void ChromeTrace::kv_level(int replica, double now, std::int64_t blocks) {
  Seen& seen = seen_[static_cast<std::size_t>(replica)];
  if (seen.levels.kv_blocks == blocks || !in_window(now, now)) return;
  counter(replica, now, "KV memory in use", "percent", 100 * static_cast<double>(blocks) / seen.kv_blocks);
  seen.levels.kv_blocks = blocks;
}

/// Counters end with the steps.
void ChromeTrace::counter(int replica, double now, const char* name, const char* unit, double value) {
  if (drawn_steps_ >= plan_.steps) return;
  event(fmt::format(R"({{"ph":"C","pid":{},"name":"{}","ts":{},"args":{{"{}":{:.6g}}}}})", replica + 1, name,
                    microseconds(now), unit, value));
}

void ChromeTrace::request(const sim::Request& r, sim::RequestStatus status) {
  ++all_requests_;
  const double end = status == sim::RequestStatus::kCompleted    ? r.last_token
                     : status == sim::RequestStatus::kUnfinished ? std::max(latest_, r.arrival)
                                                                 : r.arrival;
  if (!in_window(r.arrival, end) || drawn_requests_ >= plan_.requests) return;
  ++drawn_requests_;
  async(
      'b', r, "request", r.arrival,
      fmt::format(
          R"(,"args":{{"request":{},"input_tokens":{},"output_tokens":{},"cached_tokens":{},"preemptions":{},"status":"{}"}})",
          r.id, r.input_tokens, r.output_tokens, r.cached_tokens, r.preemptions, to_text(status)));
  if (status != sim::RequestStatus::kRejected) phases(r, status, end);
  async('e', r, "request", end);
  if (r.decode_replica >= 0 && r.prefilled >= 0 && r.first_token >= 0) kv_flow(r);
}

/// From the end of the step that computed the prompt to whatever its KV finds the other replica at. An arrow binds to
/// the slice around its end, and a step's last nanosecond is still its own.
void ChromeTrace::kv_flow(const sim::Request& r) {
  const auto end = [&](const char* phase, int replica, std::int64_t when) {
    event(fmt::format(R"({{"ph":{},"cat":"kv","id":{},"pid":{},"tid":1,"name":"KV","ts":{}}})", phase, r.id,
                      replica + 1, microseconds(when)));
  };
  end(R"("s")", r.replica, nanoseconds(r.prefilled) - 1);
  end(R"("f","bp":"e")", first_decoding_ + r.decode_replica, nanoseconds(r.first_token));
}

/// From one date to the next; the one that it did not get through lasts until `end`.
void ChromeTrace::phases(const sim::Request& r, sim::RequestStatus status, double end) {
  const std::array<Phase, 6> phases{{{"queue", r.let_in},
                                     {"frontend", r.enqueued >= r.let_in ? r.enqueued : -1},
                                     {"queue", r.scheduled},
                                     {"prefill", r.prefilled >= 0 ? r.prefilled : r.first_token},
                                     {"transfer", r.first_token},
                                     {"decode", status == sim::RequestStatus::kCompleted ? r.last_token : -1}}};
  double begin = r.arrival;
  for (const Phase& phase : phases) {
    const double until = phase.end >= 0 ? phase.end : end;
    if (nanoseconds(until) > nanoseconds(begin)) {
      async('b', r, phase.name, begin);
      async('e', r, phase.name, until);
    }
    if (phase.end < 0) return;
    begin = until;
  }
}

void ChromeTrace::async(char phase, const sim::Request& r, const char* name, double when, const std::string& more) {
  // A short prompt may have been computed where it decodes.
  const int replica = r.replica < 0 && r.decode_replica >= 0 ? first_decoding_ + r.decode_replica : r.replica;
  event(fmt::format(R"({{"ph":"{}","cat":"request","id":{},"pid":{},"tid":1,"name":"{}","ts":{}{}}})", phase, r.id,
                    replica + 1, name, microseconds(when), more));
}

void ChromeTrace::event(const std::string& text) {
  buffer_ += std::exchange(first_, false) ? "\n" : ",\n";
  buffer_ += text;
  if (buffer_.size() > kBufferSize) flush();
}

void ChromeTrace::flush() {
  const auto size = static_cast<unsigned>(buffer_.size());
  if (static_cast<unsigned>(gzwrite(static_cast<gzFile>(file_), buffer_.data(), size)) != size) fail("cannot write");
  buffer_.clear();
}

void ChromeTrace::fail(const char* what) {
  throw std::runtime_error(fmt::format("{}: {}: {}", plan_.file, what, std::strerror(errno)));
}

std::string ChromeTrace::left_out() const {
  std::string text;
  if (drawn_requests_ < all_requests_) text = fmt::format("{} of {} requests", drawn_requests_, all_requests_);
  if (drawn_steps_ < all_steps_) {
    if (!text.empty()) text += " and ";
    text += fmt::format("{} of {} steps and stretches of steps", drawn_steps_, all_steps_);
  }
  return text.empty() ? "" : "shows only " + text;
}

std::string ChromeTrace::finish() {
  const std::string shows = left_out();
  nlohmann::ordered_json about{{"scenario", scenario_.name}, {"flotilla", kVersion}};
  if (!shows.empty()) about["left_out"] = "this trace " + shows;
  buffer_ += "\n],\"otherData\":" + about.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "}\n";
  flush();
  if (gzclose(static_cast<gzFile>(std::exchange(file_, nullptr))) != Z_OK) fail("cannot write");
  partial_.commit();
  return shows;
}

}  // namespace flotilla::analysis
