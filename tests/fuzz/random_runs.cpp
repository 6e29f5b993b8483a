// Whole runs of random scenarios, each twice: jumping over steps and walking through them, which must find the same.
//   random_runs FIRST COUNT     scenarios of these seeds; what fails is shrunk and written to ./finding.yaml
//   random_runs FILE...         scenarios that failed once
//   random_runs show SEED       prints the scenario of a seed
// A scenario may be refused (InputError). Anything else that is no result is a failure: a broken invariant, a crash, a
// sanitizer's report, a run that does not end, two results that differ.
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "scenarios/reader/error.hpp"
#include "sim/build.hpp"
#include "sim/simulation.hpp"
#include "sim/workload/source.hpp"
#include "tests/fuzz/random_scenario.hpp"

using namespace flotilla;
using Json = nlohmann::ordered_json;

namespace {

unsigned longest = 60;  ///< s that a run may take: sanitized, on a busy machine

std::string facts_of(const std::string& yaml, bool step_by_step) {
  const auto document = reader::Document::from_text(yaml, "random.yaml");
  auto scenario = reader::read<sim::Scenario>(document.root());
  reader::Origins origins;
  const sim::Build build = sim::build(scenario, document, origins);
  const auto source = sim::make_source(scenario.workload, static_cast<std::uint64_t>(scenario.seed));
  sim::RunOptions options;
  options.step_by_step = step_by_step;
  sim::RunFacts f = sim::simulate(scenario, build, *source, options);
  if (!std::isfinite(f.duration) || f.duration < 0) throw std::runtime_error("a duration that is none");
  Json all = {f.injected,
              f.completed,
              f.rejected,
              f.failed,
              f.unfinished,
              f.timed_out,
              f.cancelled,
              f.retries,
              f.total_input_tokens,
              f.total_cached_tokens,
              f.total_output_tokens,
              f.peak_in_flight,
              f.duration,
              f.samples.queue_sum,
              f.samples.prefill_sum,
              f.samples.itl_count};
  for (const auto& group : f.groups)
    all.push_back({group.books.steps, group.books.preemptions, group.books.prefill_tokens, group.books.busy.total()});
  return all.dump();
}

/// "ok ...", "refused ..." or what went wrong. In a process of its own: SimGrid has one engine per process.
std::string outcome_of(const std::string& yaml, bool step_by_step) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    alarm(longest);
    std::string answer;
    try {
      answer = "ok " + facts_of(yaml, step_by_step);
    } catch (const InputError& e) {
      answer = std::string("refused ") + e.what();
    } catch (const std::exception& e) {
      answer = std::string("threw ") + e.what();
    }
    const auto written = write(ends[1], answer.data(), answer.size());
    _exit(written == static_cast<ssize_t>(answer.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string answer;
  char buffer[4096];
  for (ssize_t n = ::read(ends[0], buffer, sizeof buffer); n > 0; n = ::read(ends[0], buffer, sizeof buffer))
    answer.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "exit code " + std::to_string(WEXITSTATUS(status));
  return answer;
}

/// "" where all is well; else what is wrong, without what differs from run to run.
std::string failure_of(const std::string& yaml, bool* refused = nullptr) {
  const std::string jumped = outcome_of(yaml, false);
  if (refused != nullptr) *refused = jumped.rfind("refused", 0) == 0;
  if (jumped.rfind("refused", 0) == 0) return "";
  if (jumped.rfind("ok", 0) != 0) return jumped.substr(0, jumped.find_first_of("0123456789:", 10));
  return outcome_of(yaml, true) == jumped ? "" : "walking finds another result";
}

/// Every part of a scenario that may be left out or made smaller, in turn.
void each_part(Json& node, const std::function<void()>& tried, const std::function<bool()>& still_fails) {
  const auto attempt = [&](Json smaller, Json& place) {
    std::swap(place, smaller);
    tried();
    if (!still_fails()) std::swap(place, smaller);
  };
  if (node.is_object()) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : node.items()) keys.push_back(key);
    for (const auto& key : keys) {
      Json without = node;
      without.erase(key);
      attempt(without, node);
      if (node.contains(key)) each_part(node[key], tried, still_fails);
    }
  } else if (node.is_array()) {
    for (std::size_t i = node.size(); i-- > 0;) {
      Json without = node;
      without.erase(i);
      attempt(without, node);
      if (i < node.size()) each_part(node[i], tried, still_fails);
    }
  } else if (node.is_number_integer() && node.get<int>() > 1) {
    while (node.get<int>() > 1) {
      const int before = node.get<int>();
      attempt(before / 2, node);
      if (node.get<int>() == before) break;
    }
  }
}

Json shrunk(Json scenario, const std::string& failure) {
  std::size_t size = 0;
  for (int tries = 0; scenario.dump().size() != size && tries < 1500;) {
    size = scenario.dump().size();
    each_part(
        scenario, [&] { ++tries; }, [&] { return failure_of(fuzz::as_yaml(scenario)) == failure; });
  }
  return scenario;
}

int run_seeds(std::uint64_t first, std::uint64_t count) {
  std::uint64_t refusals = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Json scenario = fuzz::random_scenario(seed);
    bool refused = false;
    const std::string failure = failure_of(fuzz::as_yaml(scenario), &refused);
    refusals += refused ? 1 : 0;
    if (failure.empty()) continue;
    std::fprintf(stderr, "seed %llu: %s; shrinking\n", static_cast<unsigned long long>(seed), failure.c_str());
    if (failure.rfind("signal 14", 0) == 0) longest = 5;  // most runs take less than one
    const std::string small = fuzz::as_yaml(shrunk(scenario, failure));
    std::ofstream("finding.yaml") << small;
    std::fprintf(stderr, "in ./finding.yaml:\n%s%s\n", small.c_str(), outcome_of(small, false).c_str());
    return 1;
  }
  std::printf("%llu random scenarios, %llu of them refused: each ran to the same end twice\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(refusals));
  return 2 * refusals < count ? 0 : 1;  // or the generator tests nothing
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (argc == 3 && std::string(argv[1]) == "show") {
    std::fputs(fuzz::as_yaml(fuzz::random_scenario(std::stoull(argv[2]))).c_str(), stdout);
    return 0;
  }
  if (const std::string first = argv[1]; argc == 3 && first.find_first_not_of("0123456789") == std::string::npos)
    return run_seeds(std::stoull(first), std::stoull(argv[2]));
  for (int i = 1; i < argc; ++i) {
    std::ifstream in(argv[i]);
    const std::string yaml{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    bool refused = false;
    const std::string failure = failure_of(yaml, &refused);
    if (failure.empty() && !refused) continue;
    std::fprintf(stderr, "%s: %s\n", argv[i], failure.empty() ? outcome_of(yaml, false).c_str() : failure.c_str());
    return 1;
  }
  return 0;
}
