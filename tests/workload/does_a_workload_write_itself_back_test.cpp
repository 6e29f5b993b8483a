// What is read can be written, reads back as the same load, and is described for editors.
#include <doctest/doctest.h>

#include <filesystem>

#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

TEST_CASE("a workload that is written reads back as the same") {
  for (const std::string& yaml :
       {std::string("{request_rate: 50, input_tokens: 800, output_tokens: 400, num_prompts: 20000, warmup: 60s}"),
        std::string("{request_rate: inf, max_concurrency: 64, isl: {uniform: [819, 1024]}, osl: {uniform: [819, "
                    "1024]}, num_prompts: 640}"),
        std::string("{request_rate: 0.1, arrivals: {gamma: {cv: 2}}, duration: 10min, input_tokens: {lognormal: {mean: "
                    "1155, p50: 1020, max: "
                    "8192}}, output_tokens: {lognormal: {p50: 129, sigma: 1.1}}}"),
        std::string("{request_rate: 7, burstiness: 0.5, num_prompts: 3, input_tokens: {empirical: a.csv}, "
                    "output_tokens: {empirical: {path: "
                    "b.csv, column: out}}}"),
        std::string("trace: {path: t.csv.gz, format: azure, rate_scale: 1.5, start: 10s, end: 1h, max_requests: 9, "
                    "columns: {timestamp: when, "
                    "input_tokens: 3}, time_unit: ms, on_zero_length: count_as_1, max_bad_lines: 7, max_input_tokens: "
                    "4096, on_too_long: drop, "
                    "block_size: 64, hash_scope: session}"),
        std::string("{request_rate: 5, trace: {path: lengths.csv, arrivals: generated}}"),
        std::string(
            "{request_rate: 5, num_prompts: 9, isl: 80, osl: 8, warmup: auto, shared_prefix: {tokens: 64, texts: 3}, "
            "sessions: {turns: {uniform: [1, 4]}, think_time: 30s}}")}) {
    CAPTURE(yaml);
    const std::string written = reader::write_yaml(workload(yaml));
    CAPTURE(written);
    CHECK(reader::write_yaml(workload(written)) == written);
  }
}

TEST_CASE("written distributions look as a user would write them") {
  const auto spec = workload(
      "{request_rate: 5, arrivals: {gamma: {burstiness: 0.5}}, num_prompts: 1, isl: {uniform: [1, 2]}, osl: 4}");
  const std::string written = reader::write_yaml(spec);
  CHECK(contains(written, "arrivals: {gamma: {burstiness: 0.5}}"));
  CHECK(contains(written, "input_tokens: {uniform: [1, 2]}"));
  CHECK(contains(written, "output_tokens: 4"));
}

TEST_CASE("editors learn the grammar of lengths, arrivals and traces") {
  const std::string schema = reader::json_schema<WorkloadSpec>().dump();
  for (const char* const word : {"uniform", "lognormal", "empirical", "gamma", "burstiness", "poisson", "count_as_1",
                                 "mooncake", "max_bad_lines"}) {
    CAPTURE(word);
    CHECK(contains(schema, std::string("\"") + word + "\""));
  }
  const std::string page = reader::reference_markdown<WorkloadSpec>();
  for (const char* const word : {"lognormal", "trace_columns", "gamma_arrivals", "max_concurrency"})
    CHECK(contains(page, word));
}

TEST_CASE("a trace is looked for beside the scenario first, then in the working directory") {
  const TemporaryFile trace("beside.csv", "timestamp,input_length,output_length\n0,5,6\n");
  const auto folder = std::filesystem::path(trace.path()).parent_path();
  const TemporaryFile scenario("scenario.yaml", "trace: {path: beside.csv}\n");
  const auto document = reader::Document::load(scenario.path());
  CHECK(load(reader::read<WorkloadSpec>(document.root())).requests.size() == 1);

  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  CHECK(load("trace: {path: beside.csv}").requests.size() == 1);
  std::filesystem::current_path(before);
  CHECK(contains(error_of([] { load("trace: {path: beside.csv}"); }), "no such file: 'beside.csv'"));
}
