// Two scenarios in a row, from code. SimGrid has one engine per process: each run has a process of its own.
#include <cstdio>
#include <exception>
#include <flotilla/analysis/run.hpp>

int main(int argc, char** argv) {
  try {
    for (int i = 1; i < argc; ++i) {
      const auto loaded = flotilla::analysis::load_scenario(argv[i], {"workload.num_prompts=500"});
      const flotilla::analysis::Summary summary = flotilla::analysis::run_in_child(loaded);
      std::printf("%s: %lld requests on %lld GPUs, p99 TTFT %.1f ms\n", loaded.scenario.name.c_str(),
                  static_cast<long long>(summary.completed), static_cast<long long>(summary.gpus), summary.ttft.p99);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
