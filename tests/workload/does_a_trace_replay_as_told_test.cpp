// What the keys of `trace:` do to its requests, and what the formats beyond the basics hold.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "sim/workload/hash_chain.hpp"
#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

std::vector<double> arrivals(const std::string& rest) {
  std::vector<double> times;
  for (const auto& r : load_trace(kData + "vidur.csv", rest).requests) times.push_back(r.arrival);
  return times;
}

using Times = std::vector<double>;

std::vector<std::uint64_t> rechained(const std::vector<std::uint64_t>& ids, std::int64_t tokens, std::int64_t to) {
  std::vector<std::uint64_t> names;
  rechain(ids, 512, tokens, to, names);
  return names;
}

std::size_t common(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::size_t n = 0;
  while (n < a.size() && n < b.size() && a[n] == b[n]) ++n;
  return n;
}

}  // namespace

TEST_CASE("each format is recognised and read") {
  struct Expected {
    const char* file;
    const char* format;
    std::size_t requests;
    std::int32_t first_input;
    std::int32_t last_output;
    double last_arrival;
  };
  for (const Expected& e :
       {Expected{"azure.csv", "azure", 8, 120, 256, 120},
        Expected{"azure_zone_and_images.csv", "azure", 4, 210, 43, 1.5},
        Expected{"mooncake.jsonl", "mooncake", 16, 1669, 35, 9}, Expected{"burstgpt.csv", "burstgpt", 3, 300, 400, 153},
        Expected{"burstgpt_sessions.csv", "burstgpt", 4, 300, 25, 8.625},
        Expected{"vidur.csv", "vidur", 3, 1000, 30, 9.9}, Expected{"own.csv", "csv", 3, 800, 402, 0.5},
        Expected{"own.jsonl", "jsonl", 3, 800, 402, 1.25}}) {
    CAPTURE(e.file);
    for (const std::string& format : {std::string("auto"), std::string(e.format)}) {
      const Load l = load_trace(kData + e.file, ", format: " + format);
      CHECK(l.report.format == e.format);
      REQUIRE(l.requests.size() == e.requests);
      CHECK(l.report.requests == static_cast<std::int64_t>(e.requests));
      CHECK(l.requests.front().input_tokens == e.first_input);
      CHECK(l.requests.back().output_tokens == e.last_output);
      CHECK(l.requests.back().arrival == e.last_arrival);
    }
  }
}

TEST_CASE("sessions, tenants and hash ids come along") {
  const Load csv = load_trace(kData + "own.csv");
  CHECK(csv.requests[0].session == 7);
  CHECK(csv.requests[1].session == -1);
  CHECK(csv.requests[0].tenant == csv.requests[2].tenant);
  CHECK(csv.requests[0].tenant != csv.requests[1].tenant);
  const Load jsonl = load_trace(kData + "own.jsonl");
  CHECK(jsonl.requests[0].session == jsonl.requests[2].session);
  CHECK(jsonl.requests[0].session > 0);
  CHECK(jsonl.requests[1].session == -1);
  CHECK(jsonl.requests[2].hash_ids == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("time can be stretched, pressed and cut") {
  CHECK(arrivals("") == Times{0, 0.2, 9.9});
  CHECK(arrivals(", time_scale: 2") == Times{0, 0.4, 19.8});
  CHECK(arrivals(", rate_scale: 2") == Times{0, 0.1, 4.95});
  CHECK(arrivals(", start: 200ms") == Times{0, 9.7});
  CHECK(arrivals(", start: 100ms, end: 9.9s") == Times{0.1});
  CHECK(arrivals(", max_requests: 2") == Times{0, 0.2});
  CHECK(load_trace(kData + "vidur.csv", ", start: 200ms").report.before_start == 1);
}

TEST_CASE("a trace without arrivals lends its lengths") {
  const Load l = load("{request_rate: 10, arrivals: constant, trace: {path: '" + kData +
                      "vidur_lengths.csv', arrivals: generated}}");
  REQUIRE(l.requests.size() == 3);
  CHECK(l.requests[2].input_tokens == 500);
  CHECK(l.requests[2].arrival == 0.2);
  const Load closed =
      load("{request_rate: inf, max_concurrency: 2, trace: {path: '" + kData + "azure.csv', arrivals: generated}}");
  CHECK(closed.requests.size() == 8);
  CHECK(closed.requests[7].arrival == 0);
}

TEST_CASE("any other file is read by naming its columns") {
  const TemporaryFile served(
      "served.jsonl",
      R"({"request_id": "a", "input_toks": 5, "queued_ts": 100.25, "output_toks": 6, "arrival_time": 3})"
      "\n"
      R"({"request_id": "b", "input_toks": 7, "queued_ts": 100.75, "output_toks": 8, "arrival_time": 1})"
      "\n");
  const Load l = load_trace(served.path(), ", columns: {timestamp: queued_ts}");
  REQUIRE(l.requests.size() == 2);
  CHECK(l.requests[1].arrival == 0.5);
  CHECK(l.requests[1].output_tokens == 8);
}

TEST_CASE("joined CSV files may repeat their header") {
  const TemporaryFile joined(
      "joined.csv", "timestamp,input_length,output_length\n0,1,1\ntimestamp,input_length,output_length\n5,2,2\n");
  const Load l = load_trace(joined.path());
  CHECK(l.requests.size() == 2);
  CHECK(l.report.repeated_headers == 1);
  CHECK(l.report.bad_lines == 0);
}

TEST_CASE("broken JSON is a bad line that says where") {
  for (const auto& row : std::vector<std::pair<std::string, std::string>>{
           {R"({"timestamp": 1.5, "input_length": 5, "output_length": 6)", "broken or cut off"},
           {R"({"timestamp": 1.5, "input_len)", "a key in quotes"},
           {R"({"timestamp": 1.5, "input_length": 5, "output_length": 6} x)", "something follows"},
           {"[]", "should begin here"},
           {R"({"timestamp" 1.5})", "a ':' should stand here"},
           {R"({"timestamp": 1.5, "hash_ids": [1, -2]})", "a list of numbers"},
           {R"({"a": {"b": [1, 2}, "timestamp": 1.5)", "cut off"},
           {R"({"timestamp": })", "cut off"},
           {"{}", "timestamp is missing"}}) {
    const std::string &line = row.first, &reason = row.second;
    CAPTURE(line);
    const TemporaryFile file("trace.jsonl",
                             "{\"timestamp\": 0.5, \"input_length\": 5, \"output_length\": 6}\n" + line + "\n");
    const Load l = load_trace(file.path(), ", max_bad_lines: 1");
    CHECK(l.requests.size() == 1);
    CHECK(contains(l.report.first_bad_lines.at(0).reason, reason));
  }
}

TEST_CASE("prefixes shared in the trace are shared at any block size of the engine") {
  const std::vector<std::uint64_t> a{1, 2, 3};
  const std::vector<std::uint64_t> b{1, 2, 4};
  for (const std::int64_t block : {1, 16, 48, 64, 500, 512}) {
    const auto names_a = rechained(a, 1500, block);
    const auto names_b = rechained(b, 1400, block);
    CHECK(names_a.size() == static_cast<std::size_t>(1500 / block));
    CHECK(common(names_a, names_b) == static_cast<std::size_t>(1024 / block));
  }
  CHECK(common(rechained(a, 1536, 1024), rechained(b, 1536, 1024)) == 1);
  CHECK(common(rechained({9, 2, 3}, 1536, 512), rechained(a, 1536, 512)) == 0);  // equal blocks after another beginning
  CHECK(rechained(a, 1500, 512).size() == 2);                                    // the last block is not whole
  CHECK(rechained({1}, 1500, 16).size() == 32);                                  // nothing is known beyond the first
}

TEST_CASE("a long trace takes no more memory than a short one") {
  std::string text = "timestamp,input_length,output_length\n";
  for (int i = 0; i < 300000; ++i) text += fmt::format("{},{},1\n", i, 10 + i % 90);
  const TemporaryFile file("long.csv", text);
  text.clear();
  const auto resident_pages = [] {
    std::ifstream in("/proc/self/statm");
    long total = 0;
    long resident = 0;
    in >> total >> resident;
    return resident;
  };
  const auto source = make_source(workload("trace: {path: '" + file.path() + "'}"), 1);
  ArrivingRequest request;
  for (int i = 0; i < 5000; ++i) REQUIRE(source->next(request));
  const long before = resident_pages();
  std::int64_t rest = 0;
  while (source->next(request)) ++rest;
  CHECK(rest == 295000);
  CHECK(resident_pages() - before < 256);  // the file alone has 1,000; sanitizers keep some of what was freed
}
