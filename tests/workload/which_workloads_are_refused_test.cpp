// Mistakes a user can make in the workload: each is told at its line, with what would be right.
#include <doctest/doctest.h>

#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

struct Mistake {
  std::string yaml;
  std::string where;  ///< line:column
  std::string message;
  std::string hint;
};

void check(const std::vector<Mistake>& mistakes) {
  for (const Mistake& m : mistakes) {
    CAPTURE(m.yaml);
    const std::string error = error_of([&] { workload(m.yaml); });
    CAPTURE(error);
    CHECK(contains(error, "scenario.yaml:" + m.where + ":"));
    CHECK(contains(error, m.message));
    CHECK(contains(error, m.hint));
  }
}

const std::string kLengths = "input_tokens: 800\noutput_tokens: 400\n";

}  // namespace

TEST_CASE("keys that do not go together") {
  const std::string trace = "trace: {path: t.csv}\n";
  check({
      {trace + "request_rate: 50\n", "2:15", "request_rate and trace", "trace.rate_scale"},
      {trace + "arrivals: poisson\n", "2:11", "arrivals and trace", "trace.arrivals: generated"},
      {trace + "input_tokens: 5\n", "2:15", "input_tokens and trace", "remove one"},
      {trace + "num_prompts: 5\n", "2:14", "num_prompts and trace", "trace: {max_requests"},
      {trace + "duration: 5s\n", "2:11", "duration and trace", "trace: {end"},
      {"trace: {path: t.csv, arrivals: generated}\n", "1:1", "needs a request_rate", ""},
      {"trace: {path: t.csv, time_scale: 2, rate_scale: 3}\n", "1:49", "opposite directions", "halves the rate"},
      {"trace: {path: t.csv, start: 10s, end: 5s}\n", "1:39", "not after its start (10s)", ""},
      {kLengths + "request_rate: 50\nnum_prompts: 10\nduration: 10s\n", "5:11", "num_prompts and duration", "keep one"},
      {kLengths + "request_rate: 50\n", "1:1", "when does the load end?", "num_prompts: 20000"},
      {kLengths + "num_prompts: 50\n", "1:1", "neither request_rate nor trace", "request_rate: 50"},
      {"request_rate: 50\nnum_prompts: 10\noutput_tokens: 5\n", "1:1", "input_tokens is missing", ""},
      {kLengths + "request_rate: inf\nduration: 10s\n", "4:11", "all requests arrive at the start",
       "max_concurrency for a closed loop"},
      {kLengths + "request_rate: inf\nnum_prompts: 9\nburstiness: 2\n", "5:13", "there are no gaps", "finite rate"},
      {kLengths + "request_rate: 5\nnum_prompts: 9\narrivals: constant\nburstiness: 2\n", "6:13",
       "arrivals and burstiness", "keep one"},
      {kLengths + "request_rate: 5\nduration: 60s\nwarmup: 60s\n", "5:9",
       "the warm-up is as long as the whole load (60s)", ""},
      {trace + "shared_prefix: {tokens: 100}\n", "2:16", "which texts are alike comes from the trace's hash_ids",
       "remove"},
      {kLengths + "request_rate: 5\nnum_prompts: 9\nsessions: {turns: 3, think_time: 5s}\nprefix_cache_hit_rate: 0.5\n",
       "5:11", "what is found in the cache is simulated", "remove"},
      {kLengths + "request_rate: inf\nmax_concurrency: 2\nnum_prompts: 9\nsessions: {turns: 3, think_time: 5s}\n",
       "6:11", "their turns come by the clock", "finite request_rate"},
  });
}

TEST_CASE("values that are none") {
  const std::string rest = "num_prompts: 10\n" + kLengths;
  check({
      {"request_rate: -5\n" + rest, "1:15", "above 0", ""},
      {"request_rate: 0\n" + rest, "1:15", "above 0", ""},
      {"request_rate: fast\n" + rest, "1:15", "number", ""},
      {"request_rate: 5\nmax_concurrency: 0\n" + rest, "2:18", "at least 1", ""},
      {"request_rate: 5\narivals: poisson\n" + rest, "2:1", "arivals", "did you mean 'arrivals'?"},
      {"request_rate: 5\narrivals: poison\n" + rest, "2:11", "poison", "did you mean 'poisson'?"},
      {"request_rate: 5\narrivals: gamma\n" + rest, "2:11", "gamma needs its burstiness", "{gamma: {burstiness: 0.5}}"},
      {"request_rate: 5\narrivals: {gamma: {}}\n" + rest, "2:19", "either burstiness or cv", ""},
      {"request_rate: 5\narrivals: {weibull: 2}\n" + rest, "2:12", "unknown arrival process 'weibull'", "gamma"},
      {"request_rate: 5\nwarmup: 60\n" + rest, "2:9", "unit", "30s"},
  });
}

TEST_CASE("lengths that are none") {
  const std::string rest = "request_rate: 5\nnum_prompts: 10\noutput_tokens: 5\ninput_tokens: ";
  check({
      {rest + "8O\n", "4:15", "integer", ""},
      {rest + "0\n", "4:15", "out of range", "1 to 100000000 tokens"},
      {rest + "[640, 800]\n", "4:15", "a number of tokens or a distribution", "{uniform: [a, b]}"},
      {rest + "{uniform: [800, 640]}\n", "4:25", "the first length is above the second", ""},
      {rest + "{uniform: 800}\n", "4:25", "the shortest and the longest", ""},
      {rest + "{lognorml: {mean: 5, p50: 4}}\n", "4:16", "unknown distribution 'lognorml'",
       "did you mean 'lognormal'?"},
      {rest + "{lognormal: {mean: 500}}\n", "4:27", "two of mean, p50 and sigma", "p50: 1020"},
      {rest + "{lognormal: {mean: 100, p50: 200}}\n", "4:34", "never below its median", ""},
      {rest + "{uniform: [1, 2], lognormal: {mean: 5, p50: 4}}\n", "4:15", "one distribution", ""},
  });
}

TEST_CASE("a trace that is not there is reported where it is named, with names that are near") {
  const TemporaryFile file("conversations.csv.gz", "x");
  const std::string folder = file.path().substr(0, file.path().rfind('/') + 1);
  const auto error_for = [&](const std::string& name) {
    const WorkloadSpec spec = workload("trace:\n  path: '" + folder + name + "'\n");
    return error_of([&] { make_source(spec, 1); });
  };
  CHECK(contains(error_for("conversations.csv"), "scenario.yaml:2:9: trace.path: no such file"));
  CHECK(contains(error_for("conversations.csv"), "did you mean '" + file.path() + "'?"));
  CHECK(contains(error_for("conversation.csv.gz"), "did you mean '" + file.path() + "'?"));
  CHECK(contains(error_for("nowhere/t.csv"), "there is no folder '" + folder + "nowhere'"));
  CHECK(contains(error_for(""), "is a directory, a file is expected"));
}

TEST_CASE("columns and formats that do not fit the file") {
  const auto error_for = [](const std::string& name, const std::string& rest) {
    return error_of([&] { load_trace(kData + name, rest); });
  };
  CHECK(contains(error_for("own.csv", ", columns: {input_tokens: input_lenght}"),
                 "no column 'input_lenght' for the input_tokens in this csv trace"));
  CHECK(contains(error_for("own.csv", ", columns: {input_tokens: input_lenght}"), "did you mean 'input_length'?"));
  CHECK(contains(error_for("own.jsonl", ", columns: {output_tokens: out}"),
                 "the keys are: timestamp, input_length, output_length, session_id, priority"));
  CHECK(contains(error_for("own.jsonl", ", format: azure"), "this file holds JSON, not azure"));
  CHECK(contains(error_for("azure.csv", ", format: mooncake"), "azure.csv"));
  CHECK(contains(error_for("vidur_lengths.csv", ""), "this trace has no column with arrival times"));
  CHECK(contains(error_for("vidur_lengths.csv", ""), "set trace.arrivals: generated and a request_rate"));
  CHECK(contains(error_for("mooncake.jsonl", ", hash_scope: session"), "no key 'session_id' for the session"));
  const TemporaryFile unclear("unclear.jsonl", "{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 6}\n");
  CHECK(contains(error_of([&] { load_trace(unclear.path()); }),
                 "milliseconds (format: mooncake) or seconds (format: jsonl)"));
}

TEST_CASE("a file of lengths with a mistake is reported at its line") {
  const TemporaryFile file("lengths.csv", "tokens,weight\n100,3\n-5,1\n");
  EmpiricalLength lengths;
  lengths.path = InputFile(file.path());
  CHECK(contains(error_of([&] { LengthSampler sampler(lengths); }), "lengths.csv:3:1: '-5' is not a number of tokens"));
  lengths.column = "tokns";
  CHECK(contains(error_of([&] { LengthSampler sampler(lengths); }), "did you mean 'tokens'?"));
}
