// The trace that the Perfetto UI opens, for steps and requests one can follow by hand.
#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/output/chrome_trace.hpp"

using namespace flotilla;
using namespace flotilla::analysis;

namespace {

/// One replica of two GPUs, with 100 blocks of KV memory.
struct Drawing {
  explicit Drawing(TracePlan plan = {}, const std::string& suffix = ".json") {
    file =
        (std::filesystem::temp_directory_path() / ("flotilla-drawing-" + std::to_string(getpid()) + suffix)).string();
    plan.file = file;
    scenario.name = "tiny";
    scenario.fleet.pools.resize(1);
    scenario.fleet.pools[0].name = "the \"chat\" pool";
    build.pools.resize(1);
    build.pools[0].gpu.name = "h100-sxm";
    build.groups.resize(1);
    build.groups[0].gpus_per_replica = 2;
    trace = std::make_unique<ChromeTrace>(plan, scenario, build);
    trace->made(0, 0, 100);
  }
  ~Drawing() { std::filesystem::remove(file); }

  /// A prompt of 800 tokens from 1 s to 1.25 s, then three decode steps of 10 ms.
  void serve() {
    trace->levels(0, 1.0, {1, 0, 10});
    trace->mixed_step(0, {1.0, 1.25, 1, 800, 0, {0.05, 0.2, 0, 0}});
    cost.base = cost.base_by_cause.memory = 0.01;
    sim::Stretch s = sim::Stretch::begin(1.25, cost, 1, 801);
    s.steps = 3;
    s.blocks_at_start = 10;
    s.blocks_at_end = 11;
    trace->stretch(0, s);
    trace->levels(0, 1.28, {0, 0, 0});
    sim::Request r;
    r.id = 7;
    r.replica = 0;
    r.arrival = r.let_in = 0.5;
    r.enqueued = 0.6;
    r.scheduled = 1.0;
    r.first_token = 1.25;
    r.last_token = 1.28;
    r.input_tokens = 800;
    r.output_tokens = 4;
    trace->request(r, sim::RequestStatus::kCompleted);
  }
  [[nodiscard]] std::string text() const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string file;
  sim::Scenario scenario;
  sim::Build build;
  models::DecodeCost cost;
  std::unique_ptr<ChromeTrace> trace;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("steps are slices, requests phases, levels counters, in microseconds") {
  Drawing drawing;
  drawing.serve();
  CHECK(drawing.trace->finish() == "");
  const std::vector<std::string> lines = lines_of(drawing.text());
  const std::vector<std::string> expected{
      R"({"ph":"C","pid":1,"name":"running","ts":1000000.000,"args":{"sequences":1}},)",
      R"({"ph":"C","pid":1,"name":"waiting","ts":1000000.000,"args":{"requests":0}},)",
      R"({"ph":"C","pid":1,"name":"KV memory in use","ts":1000000.000,"args":{"percent":10}},)",
      R"({"ph":"X","pid":1,"tid":1,"cat":"step","name":"prefill","ts":1000000.000,"dur":250000.000,"args":{"prompts":1,"prompt_tokens":800,"decoding":0,"memory_ms":50,"compute_ms":200,"communication_ms":0,"host_ms":0}},)",
      R"({"ph":"X","pid":1,"tid":1,"cat":"step","name":"decode","ts":1250000.000,"dur":30000.000,"args":{"steps":3,"decoding":1,"kv_tokens":801,"first_step_ms":10,"last_step_ms":10,"memory_ms":30,"compute_ms":0,"communication_ms":0,"host_ms":0}},)",
      R"({"ph":"C","pid":1,"name":"KV memory in use","ts":1280000.000,"args":{"percent":11}},)",
      R"({"ph":"C","pid":1,"name":"running","ts":1280000.000,"args":{"sequences":0}},)",
      R"({"ph":"C","pid":1,"name":"KV memory in use","ts":1280000.000,"args":{"percent":0}},)",
      R"({"ph":"b","cat":"request","id":7,"pid":1,"tid":1,"name":"request","ts":500000.000,"args":{"request":7,"input_tokens":800,"output_tokens":4,"cached_tokens":0,"preemptions":0,"status":"completed"}},)",
      R"({"ph":"b","cat":"request","id":7,"pid":1,"tid":1,"name":"frontend","ts":500000.000},)",
      R"({"ph":"e","cat":"request","id":7,"pid":1,"tid":1,"name":"frontend","ts":600000.000},)",
      R"({"ph":"b","cat":"request","id":7,"pid":1,"tid":1,"name":"queue","ts":600000.000},)",
      R"({"ph":"e","cat":"request","id":7,"pid":1,"tid":1,"name":"queue","ts":1000000.000},)",
      R"({"ph":"b","cat":"request","id":7,"pid":1,"tid":1,"name":"prefill","ts":1000000.000},)",
      R"({"ph":"e","cat":"request","id":7,"pid":1,"tid":1,"name":"prefill","ts":1250000.000},)",
      R"({"ph":"b","cat":"request","id":7,"pid":1,"tid":1,"name":"decode","ts":1250000.000},)",
      R"({"ph":"e","cat":"request","id":7,"pid":1,"tid":1,"name":"decode","ts":1280000.000},)",
      R"({"ph":"e","cat":"request","id":7,"pid":1,"tid":1,"name":"request","ts":1280000.000})"};
  // A line that opens the list, three about the replica; one at the end.
  REQUIRE(lines.size() == 4 + expected.size() + 1);
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(lines[4 + i] == expected[i]);
}

TEST_CASE("it is JSON, whatever a pool is called") {
  Drawing drawing;
  drawing.serve();
  drawing.trace->finish();
  const auto json = nlohmann::json::parse(drawing.text());
  CHECK(json["traceEvents"][0]["args"]["name"] == "replica 0 of the \"chat\" pool: 2 x h100-sxm");
  CHECK(json["otherData"]["scenario"] == "tiny");
}

TEST_CASE("what is left out is said") {
  TracePlan plan;
  plan.requests = 1;
  plan.steps = 1;
  Drawing drawing(plan);
  drawing.serve();
  drawing.serve();
  const std::string said = "shows only 1 of 2 requests and 1 of 4 steps and stretches of steps";
  CHECK(drawing.trace->finish() == said);
  const auto json = nlohmann::json::parse(drawing.text());
  CHECK(json["otherData"]["left_out"] == "this trace " + said);
  int slices = 0;
  for (const auto& event : json["traceEvents"]) slices += event["ph"] == "X" ? 1 : 0;
  CHECK(slices == 1);
}

TEST_CASE("a window takes what overlaps it") {
  TracePlan plan;
  plan.from = 1.26;  // the prompt's step is over
  Drawing late(plan);
  late.serve();
  CHECK(late.trace->finish() == "shows only 1 of 2 steps and stretches of steps");
  plan = {};
  plan.until = 0.4;  // before the request arrives
  Drawing early(plan);
  early.serve();
  CHECK(early.trace->finish() == "shows only 0 of 1 requests and 0 of 2 steps and stretches of steps");
}

TEST_CASE("a request that the end of the run cuts off lasts until then, in the phase it was in") {
  Drawing drawing;
  drawing.serve();  // ends at 1.28 s
  sim::Request r;
  r.id = 8;
  r.replica = 0;
  r.arrival = r.let_in = r.enqueued = 1.1;
  drawing.trace->request(r, sim::RequestStatus::kUnfinished);
  drawing.trace->finish();
  const std::string text = drawing.text();
  CHECK(text.find(R"("ph":"e","cat":"request","id":8,"pid":1,"tid":1,"name":"queue","ts":1280000.000)") !=
        std::string::npos);
  CHECK(text.find(R"("id":8,"pid":1,"tid":1,"name":"prefill")") == std::string::npos);
}

TEST_CASE("a name that ends in .gz is compressed") {
  Drawing drawing({}, ".json.gz");
  drawing.serve();
  drawing.trace->finish();
  CHECK(drawing.text().substr(0, 2) == "\x1f\x8b");
  gzFile in = gzopen(drawing.file.c_str(), "rb");
  std::array<char, 65536> text{};
  const int size = gzread(in, text.data(), text.size());
  gzclose(in);
  REQUIRE(size > 0);
  CHECK(nlohmann::json::parse(std::string(text.data(), static_cast<std::size_t>(size))).contains("traceEvents"));
}

TEST_CASE("without an end there is no file") {
  std::string file;
  {
    Drawing drawing;
    drawing.serve();
    file = drawing.file;
    CHECK(std::filesystem::exists(file + ".partial"));
    drawing.trace.reset();
    CHECK(!std::filesystem::exists(file + ".partial"));
  }
  CHECK(!std::filesystem::exists(file));
}
