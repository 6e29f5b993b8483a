// Whole public traces against figures computed elsewhere from the same files. They are no part of the project: without
// them these cases say so and pass.
#include <doctest/doctest.h>

#include <unordered_set>

#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

struct Totals {
  std::int64_t requests = 0;
  double input = 0;       ///< mean
  double output = 0;      ///< mean
  double span = 0;        ///< seconds
  double blocks_hit = 0;  ///< share, in a prefix cache without limit
  TraceReport report;
};

Totals totals(const std::string& yaml) {
  const auto source = make_source(workload(yaml), 1);
  Totals t;
  ArrivingRequest r;
  std::unordered_set<std::uint64_t> seen;
  std::int64_t blocks = 0;
  std::int64_t hits = 0;
  while (source->next(r)) {
    CHECK(r.arrival >= t.span);
    ++t.requests;
    t.input += r.input_tokens;
    t.output += r.output_tokens;
    t.span = r.arrival;
    for (const std::uint64_t id : r.hash_ids) hits += seen.insert(id).second ? 0 : 1;
    blocks += static_cast<std::int64_t>(r.hash_ids.size());
  }
  t.input /= static_cast<double>(t.requests);
  t.output /= static_cast<double>(t.requests);
  t.blocks_hit = blocks > 0 ? static_cast<double>(hits) / static_cast<double>(blocks) : 0;
  t.report = *source->report();
  return t;
}

struct Published {
  const char* file;
  const char* format;
  std::int64_t requests;
  double seconds;
  int input;
  int output;
  double blocks_hit;
};

}  // namespace

TEST_CASE("public traces give the published counts, lengths and prefix reuse") {
  const std::string folder = public_traces();
  if (folder.empty()) {
    MESSAGE("skipped: no public traces; set FLOTILLA_TRACES to their folder");
    return;
  }
  for (const Published& p :
       {Published{"azure/AzureLLMInferenceTrace_code.csv", "azure", 8819, 3436, 2048, 28, 0},
        Published{"azure/AzureLLMInferenceTrace_conv.csv", "azure", 19366, 3502, 1155, 211, 0},
        Published{"mooncake/conversation_trace.jsonl.gz", "mooncake", 12031, 3537, 12035, 343, 0.3664},
        Published{"mooncake/synthetic_trace.jsonl", "mooncake", 3993, 1022, 15325, 149, 0.6396}}) {
    CAPTURE(p.file);
    const Totals t = totals("trace: {path: '" + folder + p.file + "'}");
    CHECK(t.report.format == p.format);
    CHECK(t.requests == p.requests);
    CHECK(t.report.lines == p.requests);
    CHECK(t.report.bad_lines == 0);
    CHECK(t.report.dropped_zero_length == 0);
    CHECK(t.report.hash_mismatches == 0);
    CHECK(t.span == doctest::Approx(p.seconds).epsilon(0.0003));
    CHECK(std::lround(t.input) == p.input);
    CHECK(std::lround(t.output) == p.output);
    CHECK(t.blocks_hit == doctest::Approx(p.blocks_hit).epsilon(0.0002));
  }
}

TEST_CASE("a public trace of lengths only is replayed at a rate") {
  const std::string folder = public_traces();
  if (folder.empty()) {
    MESSAGE("skipped: no public traces; set FLOTILLA_TRACES to their folder");
    return;
  }
  const Totals t = totals("{request_rate: 5, trace: {arrivals: generated, path: '" + folder +
                          "vidur/arxiv_summarization_stats_llama2_tokenizer_filtered_v2.csv'}}");
  CHECK(t.report.format == "vidur");
  CHECK(t.requests == 28257);
  CHECK(std::lround(t.input) == 2588);
  CHECK(std::lround(t.output) == 291);
  CHECK(t.span == doctest::Approx(28257 / 5.0).epsilon(0.02));
}
