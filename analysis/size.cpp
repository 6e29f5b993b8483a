#include "analysis/size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "analysis/run.hpp"
#include "analysis/summary/json.hpp"

namespace flotilla::analysis {

namespace {

/// Beyond this many replicas a fleet that still breaks its promises is called infeasible: its replicas are all but
/// idle.
constexpr int kMostReplicas = 4096;
/// A replica that sees less than this share of the load is all but idle.
constexpr int kIdleFactor = 64;

/// More than this share of refused requests, and the rest of the figures speak for the wrong users: a p99 with 1 % left
/// out.
constexpr double kMostRefused = 0.01;

/// What stands under a dotted key ("kv.peak_usage").
std::optional<nlohmann::ordered_json> value_at(const Summary& summary, const std::string& metric) {
  auto value = to_json(summary);
  for (std::size_t start = 0; start <= metric.size();) {
    const std::size_t end = std::min(metric.find('.', start), metric.size());
    const std::string key = metric.substr(start, end - start);
    if (!value.is_object() || !value.contains(key)) return std::nullopt;
    value = nlohmann::ordered_json(value.at(key));
    start = end + 1;
  }
  return value;
}

/// None where the run has no such figure (a cost without a price).
std::optional<double> metric_of(const Summary& summary, const std::string& metric) {
  const auto value = value_at(summary, metric);
  return value && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

double refused_share(const Summary& s) {
  return s.conservation.injected == 0
             ? 0.0
             : static_cast<double>(s.conservation.rejected) / static_cast<double>(s.conservation.injected);
}

bool refuses(const Summary& s) { return refused_share(s) > kMostRefused; }

/// No latency was measured: nothing finished, or nothing that arrived after the warm-up.
bool measured_nothing(const Summary& s) { return s.e2el.mean == 0; }

/// GPUs of one replica: what the scenario says of its stages and attention ranks, and the tensor-parallel size that is
/// tried.
int gpus_of_replica(const std::string& path, const std::vector<std::string>& overrides, int tensor_parallel_size) {
  reader::Document document = reader::Document::load(path);
  for (const std::string& assignment : overrides) document.set(assignment);
  const auto scenario = reader::read<sim::Scenario>(document.root());
  if (scenario.serving.empty()) return tensor_parallel_size;
  return tensor_parallel_size * scenario.serving[0].pipeline_parallel_size * scenario.serving[0].data_parallel_size;
}

/// The search for one scenario and tensor-parallel size.
class Search {
 public:
  Search(Candidate& candidate, const std::vector<std::string>& overrides, const std::vector<Constraint>& constraints,
         const std::function<void(const std::string&)>& progress)
      : candidate_(candidate),
        overrides_(overrides),
        constraints_(constraints),
        progress_(progress),
        gpus_per_replica_(gpus_of_replica(candidate.scenario, overrides, candidate.tensor_parallel_size)) {}

  void run() {
    int low = 0;   // fails
    int high = 1;  // grows until it holds
    while (!holds_at(high)) {
      const Summary& s = tried_.at(high);
      // Nobody waits and nothing fails for want of capacity: more replicas cannot help. Nor do they against refusals.
      const bool idle =
          refuses(s) || measured_nothing(s) || (s.verdict != Verdict::kSaturated && s.max_concurrent_requests <= high);
      if (idle || high >= kMostReplicas ||
          (s.verdict != Verdict::kSaturated && high >= kIdleFactor * first_unsaturated_)) {
        candidate_.summary = s;
        candidate_.binding = failing(s) + ", at any number of replicas";
        return;
      }
      low = high;
      high *= 2;
    }
    while (high - low > 1) {
      const int middle = low + (high - low) / 2;
      (holds_at(middle) ? high : low) = middle;
    }
    candidate_.feasible = true;
    candidate_.replicas = high;
    candidate_.summary = tried_.at(high);
    candidate_.gpus = high * gpus_per_replica_;
    if (low > 0) candidate_.binding = failing(tried_.at(low)) + fmt::format(" with {}", low);
  }

 private:
  bool holds_at(int replicas) {
    const Summary& s = simulate(replicas);
    if (s.verdict == Verdict::kSaturated || refuses(s) || measured_nothing(s)) return false;
    if (first_unsaturated_ == kMostReplicas) first_unsaturated_ = replicas;
    return std::all_of(constraints_.begin(), constraints_.end(), [&](const Constraint& c) { return holds(c, s); });
  }

  const Summary& simulate(int replicas) {
    const auto known = tried_.find(replicas);
    if (known != tried_.end()) return known->second;
    std::vector<std::string> overrides = overrides_;
    const int tp = candidate_.tensor_parallel_size;
    overrides.push_back(fmt::format("serving[0].tensor_parallel_size={}", tp));
    overrides.push_back(fmt::format("serving[0].replicas={}", replicas));
    overrides.push_back(fmt::format("fleet.pools[0].gpus={}", gpus_per_replica_ * replicas));
    progress_(fmt::format("{} TP {}: {} replicas", candidate_.scenario, tp, replicas));
    ++candidate_.simulations;
    return tried_.emplace(replicas, run_in_child(load_scenario(candidate_.scenario, overrides))).first->second;
  }

  std::string failing(const Summary& s) const {
    if (refuses(s)) return fmt::format("refuses {:.1f} % of the requests", 100 * refused_share(s));
    if (measured_nothing(s)) return "no request is measured after the warm-up";
    if (s.verdict == Verdict::kSaturated) return "saturated";
    for (const Constraint& c : constraints_) {
      if (holds(c, s)) continue;
      const auto value = metric_of(s, c.metric);
      return value ? fmt::format("{} is {:.4g}", c.metric, *value) : fmt::format("{} has no value", c.metric);
    }
    return "";
  }

  Candidate& candidate_;
  const std::vector<std::string>& overrides_;
  const std::vector<Constraint>& constraints_;
  const std::function<void(const std::string&)>& progress_;
  int gpus_per_replica_;
  std::map<int, Summary> tried_;
  int first_unsaturated_ = kMostReplicas;
};

bool better(const Candidate& a, const Candidate& b) {
  const auto key = [](const Candidate& c) {
    return std::tuple(!c.feasible, c.summary.cost.usd_per_hour.value_or(0), c.gpus, c.scenario, c.tensor_parallel_size);
  };
  return key(a) < key(b);
}

}  // namespace

Constraint parse_constraint(const std::string& text) {
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string::npos || at + 1 >= text.size() || text[at + 1] != '=') {
    throw std::invalid_argument(
        fmt::format("'{}' is no promise: write it as p99_tpot_ms<=20 or goodput_ratio>=0.99", text));
  }
  Constraint c;
  c.text = text;
  c.metric = text.substr(0, at);
  c.at_most = text[at] == '<';
  const std::string number = text.substr(at + 2);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), c.limit);
  if (error != std::errc() || end != number.data() + number.size()) {
    throw std::invalid_argument(fmt::format("'{}': '{}' is not a number", text, number));
  }
  std::vector<std::string> names;
  for (const MetricDefinition& m : metric_definitions()) {
    const auto value = value_at(Summary{}, m.key);
    const bool interval = m.key.rfind("confidence.", 0) == 0;
    if (value && !interval && (value->is_number() || value->is_null())) names.push_back(m.key);
  }
  if (std::find(names.begin(), names.end(), c.metric) == names.end()) {
    const std::string near = reader::did_you_mean(c.metric, names);
    throw std::invalid_argument(
        fmt::format("'{}': no metric is called '{}'; {}", text, c.metric,
                    near.empty() ? "see: flotilla list metrics" : "did you mean '" + near + "'?"));
  }
  return c;
}

bool holds(const Constraint& c, const Summary& summary) {
  const auto value = metric_of(summary, c.metric);
  return value && (c.at_most ? *value <= c.limit : *value >= c.limit);
}

std::vector<Candidate> smallest_fleets(const std::vector<std::string>& scenarios,
                                       const std::vector<std::string>& overrides,
                                       const std::vector<Constraint>& constraints,
                                       const std::vector<int>& tensor_parallel_sizes,
                                       const std::function<void(const std::string&)>& progress) {
  std::vector<Candidate> candidates;
  for (const std::string& scenario : scenarios) {
    for (const int tp : tensor_parallel_sizes) {
      Candidate candidate;
      candidate.scenario = scenario;
      candidate.tensor_parallel_size = tp;
      try {
        Search(candidate, overrides, constraints, progress).run();
      } catch (const InputError& e) {
        if (e.path().rfind("serving[0]", 0) != 0) throw;  // not this candidate's fault
        candidate.binding = e.message();
      }
      candidates.push_back(std::move(candidate));
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), better);
  return candidates;
}

}  // namespace flotilla::analysis
