#include "analysis/validate/replay.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <nlohmann/json.hpp>

#include "analysis/child.hpp"
#include "analysis/output/progress.hpp"
#include "analysis/run.hpp"
#include "models/calibration.hpp"
#include "models/catalog.hpp"

namespace flotilla::analysis {
namespace {

double pick(const Distribution& d, Statistic statistic) { return statistic == Statistic::kMedian ? d.median : d.mean; }

double prompt_seconds(const Setup& s, const models::Deployment& d) {
  models::StepCost cost(d);
  models::MixedBatch prompt;
  prompt.add_prefill(0, std::llround(s.mean_input), true, models::window_of(d.llm));
  return cost.mixed(prompt).total();
}

/// An answer of as many that are decoded together on one replica.
double answer_seconds(const Setup& s, const models::Deployment& d, double clients) {
  models::StepCost cost(d);
  const auto& decode = cost.decode(static_cast<int>(std::ceil(clients)));
  const double context = s.mean_input + s.mean_output / 2;
  const double window = static_cast<double>(models::window_of(d.llm).seen(std::llround(context)));
  return s.mean_output * (decode.base + clients * (decode.slope * context + decode.window_slope * window));
}

/// How long one request takes amid the others, by step times alone: on one replica everybody's prompts hold up answers.
/// On separate pools no longer than this: where prompts queue, clients wait for each other soon enough.
double request_seconds(const Setup& s, const std::vector<sim::ServingGroup>& groups) {
  const double clients = *s.max_concurrency;
  const double prompt = prompt_seconds(s, groups.front().deployment);
  if (!s.workers) return clients * prompt + answer_seconds(s, groups.front().deployment, clients);
  return prompt + answer_seconds(s, groups.back().deployment, clients / s.workers->decode.count);
}

/// Arrivals at an even pace while the first requests are under way; from then on a client sends when it is answered.
/// What begins before the last client has started is not measured.
void spread_clients(Setup& s, const std::vector<sim::ServingGroup>& groups) {
  const double seconds = request_seconds(s, groups);
  s.request_rate = fmt::format("{:.6g}, arrivals: constant", *s.max_concurrency / seconds);
  s.warmup = fmt::format("{:.6g}s", seconds);
  s.requests += *s.max_concurrency;
}

}  // namespace

LoadedScenario load_settled(Setup& setup) {
  const auto read = [&] { return load_scenario(reader::Document::from_text(to_scenario(setup), setup.name), {}); };
  if (!setup.tuned_by_trtllm_bench && setup.requests > 0 && !setup.spread) return read();
  Setup first = setup;
  first.requests = std::max<std::int64_t>(1, setup.requests);
  const auto loaded = load_scenario(reader::Document::from_text(to_scenario(first), setup.name), {});
  const auto& groups = loaded.build.groups;
  settle(setup, groups.front().memory.kv_tokens);
  if (setup.spread) spread_clients(setup, groups);
  return read();
}

namespace {

Outcome outcome_of(const MeasuredPoint& p, const Protocol& protocol, const Summary& s) {
  Outcome o;
  o.notes = protocol.notes;
  if (s.conservation.rejected > 0) {
    const auto why = std::find_if(s.warnings.begin(), s.warnings.end(), [](const std::string& warning) {
      return warning.find("requests were refused") != std::string::npos;
    });
    o.skipped = why == s.warnings.end() ? "the simulated engine refuses some of the requests" : *why;
    return o;
  }
  o.ttft_ms = pick(s.ttft, protocol.ttft);
  if (p.output_tokens.value_or(2) > 1) o.tpot_ms = pick(s.tpot, protocol.tpot);
  o.throughput = protocol.derived_throughput ? closed_loop_throughput(p, o.ttft_ms, o.tpot_ms)
                                             : std::optional(s.output_throughput_per_gpu);
  o.inside = s.envelope.inside, o.expected_error = s.envelope.expected_error;
  o.memory = s.time_share.memory, o.compute = s.time_share.compute, o.communication = s.time_share.communication;
  o.host = s.time_share.host, o.idle = s.time_share.idle;
  o.kv_tokens = s.kv.budget_tokens, o.preemptions = s.kv.preemptions;
  return o;
}

nlohmann::json to_json(const Outcome& o) {
  const auto number = [](const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
  };
  return {{"skipped", o.skipped},
          {"ttft", number(o.ttft_ms)},
          {"tpot", number(o.tpot_ms)},
          {"throughput", number(o.throughput)},
          {"inside", o.inside},
          {"expected_error", o.expected_error},
          {"shares", {o.memory, o.compute, o.communication, o.host, o.idle}},
          {"kv_tokens", o.kv_tokens},
          {"preemptions", o.preemptions},
          {"notes", o.notes}};
}

Outcome from_json(const nlohmann::json& j) {
  const auto number = [&](const char* key) {
    return j.at(key).is_null() ? std::nullopt : std::optional(j.at(key).get<double>());
  };
  Outcome o;
  o.skipped = j.at("skipped"), o.inside = j.at("inside"), o.expected_error = j.at("expected_error");
  o.ttft_ms = number("ttft"), o.tpot_ms = number("tpot"), o.throughput = number("throughput");
  const auto& shares = j.at("shares");
  o.memory = shares[0], o.compute = shares[1], o.communication = shares[2], o.host = shares[3], o.idle = shares[4];
  o.kv_tokens = j.at("kv_tokens"), o.preemptions = j.at("preemptions");
  o.notes = j.at("notes").get<std::vector<std::string>>();
  return o;
}

/// The reader's message without its place in a generated scenario, on one line.
std::string reason_of(const InputError& e) {
  std::string text = e.message().empty() ? e.what() : e.message();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

struct Running {
  std::size_t job;
  Child child;
};

/// The processes that run at once.
class Pool {
 public:
  Pool(const std::vector<Job>& jobs, const ReplayPlan& plan)
      : jobs_(jobs), plan_(plan), bar_(plan.show_progress, "replays"), outcomes_(jobs.size()) {}

  std::vector<Outcome> run() {
    while (next_ < jobs_.size() || !running_.empty()) {
      if (plan_.interrupt != nullptr && *plan_.interrupt) throw Interrupted{};
      start();
      collect();
    }
    return std::move(outcomes_);
  }

 private:
  void start() {
    while (next_ < jobs_.size() && running_.size() < static_cast<std::size_t>(std::max(1, plan_.jobs))) {
      const std::size_t index = next_++;
      const Job& job = jobs_[index];
      auto found = protocol_of(*job.point, job.assumption);
      if (const auto* skipped = std::get_if<Skipped>(&found)) {
        outcomes_[index].skipped = skipped->reason;
        bar_.show(++done_, jobs_.size());
        continue;
      }
      running_.push_back({index, Child([&] {
                            return to_json(replay_here(*job.point, std::move(std::get<Protocol>(found)))).dump();
                          })});
    }
  }

  void collect() {
    wait();
    for (auto at = running_.begin(); at != running_.end();) {
      if (!ready(at->child) || !at->child.listen()) {
        ++at;
        continue;
      }
      outcomes_[at->job] = from_json(nlohmann::json::parse(text_of(at->child)));
      at = running_.erase(at);
      bar_.show(++done_, jobs_.size());
    }
  }

  static std::string text_of(Child& child) {
    try {
      return child.take();
    } catch (const ChildDied& e) {
      if (e.interrupted()) throw Interrupted{};
      throw;
    }
  }

  static bool ready(const Child& child) {
    pollfd fd{child.descriptor(), POLLIN, 0};
    return ::poll(&fd, 1, 0) > 0;
  }

  /// Until some child speaks, or a while has passed.
  void wait() const {
    constexpr int kWhile = 200;  // ms
    std::vector<pollfd> fds;
    for (const Running& r : running_) fds.push_back({r.child.descriptor(), POLLIN, 0});
    ::poll(fds.data(), fds.size(), kWhile);
  }

  const std::vector<Job>& jobs_;
  const ReplayPlan& plan_;
  Bar bar_;
  std::vector<Outcome> outcomes_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  std::list<Running> running_;
};

}  // namespace

Outcome replay_here(const MeasuredPoint& point, Protocol protocol) {
  try {
    const LoadedScenario loaded = load_settled(protocol.setup);
    return outcome_of(point, protocol, run_here(loaded, {}));
  } catch (const InputError& e) {
    Outcome outcome;
    outcome.skipped = reason_of(e);
    return outcome;
  }
}

std::vector<Outcome> replay(const std::vector<Job>& jobs, const ReplayPlan& plan) {
  models::calibrations();  // read once here, not in every child
  return Pool(jobs, plan).run();
}

}  // namespace flotilla::analysis
