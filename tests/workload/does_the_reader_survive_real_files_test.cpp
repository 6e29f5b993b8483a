// Twelve things that real traces do to a reader, one case each.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <zlib.h>

#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

std::string gzipped(const std::string& text) {
  std::string packed(compressBound(text.size()) + 64, '\0');
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  deflate(&z, Z_FINISH);
  packed.resize(z.total_out);
  deflateEnd(&z);
  return packed;
}

std::vector<std::int32_t> inputs_of(const Load& l) {
  std::vector<std::int32_t> inputs;
  for (const auto& r : l.requests) inputs.push_back(r.input_tokens);
  return inputs;
}

std::vector<double> arrivals_of(const Load& l) {
  std::vector<double> arrivals;
  for (const auto& r : l.requests) arrivals.push_back(r.arrival);
  return arrivals;
}

using Inputs = std::vector<std::int32_t>;
using Times = std::vector<double>;

}  // namespace

TEST_CASE("1: CRLF, no newline at the end, a byte order mark and gzip change nothing") {
  const std::string plain = "timestamp,input_length,output_length\n0,10,1\n1,20,2\n2,30,3\n";
  std::string crlf;
  for (const char c : plain) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  const std::string unterminated = crlf.substr(0, crlf.size() - 2);
  for (const std::string& text : {plain, crlf, unterminated, "\xEF\xBB\xBF" + unterminated, gzipped(plain),
                                  gzipped("\xEF\xBB\xBF" + unterminated),
                                  gzipped(plain.substr(0, 50)) + gzipped(plain.substr(50)), "\n" + plain + "\n \n"}) {
    const TemporaryFile file("trace.csv", text);
    const Load l = load_trace(file.path());
    CHECK(inputs_of(l) == Inputs{10, 20, 30});
    CHECK(arrivals_of(l) == Times{0, 1, 2});
    CHECK(l.requests.back().output_tokens == 3);
    CHECK(l.report.lines == 3);
  }
  CHECK(inputs_of(load_trace(kData + "mooncake.jsonl")) == inputs_of(load_trace(kData + "mooncake.jsonl.gz")));
}

TEST_CASE("1: a gzip file that was cut off is an error, not the end of the trace") {
  std::string text = "timestamp,input_length,output_length\n";
  for (int i = 0; i < 20000; ++i) text += fmt::format("{},{},1\n", i, 10 + i * 7919 % 5003);
  const std::string packed = gzipped(text);
  const TemporaryFile file("trace.csv.gz", packed.substr(0, packed.size() / 2));
  CHECK(contains(error_of([&] { load_trace(file.path()); }), "the compressed file ends too early after line"));
}

TEST_CASE("2: seven digits, six digits with a zone, and no fraction at all") {
  const Load azure = load_trace(kData + "azure.csv");
  CHECK(azure.report.format == "azure");
  REQUIRE(azure.requests.size() == 8);
  CHECK(azure.requests[2].arrival == 1.5000001);
  CHECK(azure.requests[4].arrival == 59.9999999);
  CHECK(azure.requests[7].arrival == 120);

  const Load zones = load_trace(kData + "azure_zone_and_images.csv");
  CHECK(arrivals_of(zones) == Times{0, 0.5, 0.75, 1.5});
  CHECK(inputs_of(zones) == Inputs{210, 310, 410, 510});
}

TEST_CASE("3: any unit, epochs included, from the first line on") {
  struct Case {
    const char* first;
    const char* second;
    const char* keys;
    const char* unit;
  };
  for (const Case& c : {Case{"100", "100.25", "", "s"}, Case{"100000", "100250", ", time_unit: ms", "ms"},
                        Case{"7", "250007", ", time_unit: us", "us"}, Case{"7", "250000007", ", time_unit: ns", "ns"},
                        Case{"1700158623", "1700158623.25", "", "s"}, Case{"1700158623979", "1700158624229", "", "ms"},
                        Case{"1700158623979960", "1700158624229960", "", "us"},
                        Case{"1700158623979960123", "1700158624229960123", "", "ns"}}) {
    const TemporaryFile file("trace.csv",
                             fmt::format("timestamp,input_length,output_length\n{},1,1\n{},2,2\n", c.first, c.second));
    const Load l = load_trace(file.path(), c.keys);
    CAPTURE(c.first);
    CHECK(arrivals_of(l) == Times{0, 0.25});
    CHECK(l.report.time_unit == c.unit);
  }
  CHECK(arrivals_of(load_trace(kData + "burstgpt.csv")) == Times{0, 38, 153});  // from the first line, at 7 s
  CHECK(load_trace(kData + "vidur.csv").requests[1].arrival == 0.2);            // 0.30000000000000004 - 0.1
  CHECK(load_trace(kData + "vidur.csv").requests[2].arrival == 9.9);            // 1e1
}

TEST_CASE("4: ties keep the order of the file") {
  const Load l = load_trace(kData + "mooncake.jsonl");
  REQUIRE(l.requests.size() == 16);
  CHECK(l.report.format == "mooncake");
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(l.requests[i].arrival == 3.0 * static_cast<double>(i / 5));
    CHECK(l.requests[i].output_tokens == 20 + static_cast<int>(i));
    CHECK(l.requests[i].id == static_cast<int>(i));
  }
}

TEST_CASE("5: zero lengths are dropped, refused or counted as 1, as told, and counted") {
  const Load dropped = load_trace(kData + "burstgpt.csv");
  CHECK(inputs_of(dropped) == Inputs{300, 1200, 88});
  CHECK(dropped.report.dropped_zero_length == 2);
  CHECK(contains(to_text(dropped.report), "2 left out: no input or no output tokens"));

  const Load kept = load_trace(kData + "burstgpt.csv", ", on_zero_length: count_as_1");
  CHECK(inputs_of(kept) == Inputs{300, 1200, 1, 512, 88});
  CHECK(kept.requests[3].output_tokens == 1);
  CHECK(kept.report.counted_as_one == 2);

  const std::string refused = error_of([] { load_trace(kData + "burstgpt.csv", ", on_zero_length: fail"); });
  CHECK(contains(refused, "burstgpt.csv:4:1: a request of 0 input and 0 output tokens"));
}

TEST_CASE("6: -1, null, NaN and missing keys are unknown, never a number") {
  const Load sessions = load_trace(kData + "burstgpt_sessions.csv");
  REQUIRE(sessions.requests.size() == 4);
  CHECK(sessions.requests[0].session == 4);
  CHECK(sessions.requests[1].session == -1);
  CHECK(sessions.requests[2].session == -1);
  CHECK(sessions.requests[3].input_tokens == 640);

  for (const char* const bad :
       {R"("input_length": -1)", R"("input_length": null)", R"("input_length": "null")", R"("input_length": NaN)",
        R"("other": 5)", R"("input_length": 1.5)", R"("input_length": 99999999999)", R"("input_length": [5])",
        R"("input_length": 4294967295)", R"("input_length": "")"}) {
    CAPTURE(bad);
    const TemporaryFile file("trace.jsonl",
                             fmt::format("{{\"timestamp\": 0.5, \"input_length\": 7, \"output_length\": 1}}\n"
                                         "{{\"timestamp\": 0.5, {}, \"output_length\": 1}}\n",
                                         bad));
    const Load l = load_trace(file.path(), ", max_bad_lines: 1");
    CHECK(inputs_of(l) == Inputs{7});
    CHECK(l.report.bad_lines == 1);
    CHECK(l.report.first_bad_lines.at(0).line == 2);
  }
  const TemporaryFile pandas("trace.csv", "timestamp,input_length,output_length\n0,128.0,16.0\n1,NaN,3\n2,-1,3\n");
  CHECK(inputs_of(load_trace(pandas.path(), ", max_bad_lines: 2")) == Inputs{128});
}

TEST_CASE("7: unsorted lines are sorted stably, what comes too late is a bad line with its number") {
  const TemporaryFile shuffled(
      "trace.csv", "timestamp,input_length,output_length\n5,50,1\n3,30,1\n4,40,1\n3,31,1\n9,90,1\n1,10,1\n");
  const Load l = load_trace(shuffled.path());
  CHECK(inputs_of(l) == Inputs{10, 30, 31, 40, 50, 90});
  CHECK(arrivals_of(l) == Times{0, 2, 2, 3, 4, 8});
  CHECK(l.report.reordered == 4);

  std::string text = "timestamp,input_length,output_length\n";
  for (int i = 0; i < 5000; ++i) text += fmt::format("{},10,1\n", i);
  const TemporaryFile one_late("one_late.csv", text + "2000,11,1\n");
  const Load late = load_trace(one_late.path());
  CHECK(late.requests.size() == 5000);
  REQUIRE(late.report.bad_lines == 1);
  CHECK(late.report.first_bad_lines[0].line == 5002);
  CHECK(contains(late.report.first_bad_lines[0].reason, "more than 1024 lines away: the trace is not sorted by time"));

  const TemporaryFile two_parts("two_parts.csv", text + text.substr(text.find('\n') + 1));
  CHECK(contains(error_of([&] { load_trace(two_parts.path()); }), "the trace is not sorted by time"));
}

TEST_CASE("8: columns are found by their names, in any order, with others between, or by position without a header") {
  const Inputs expected{300, 1200};
  for (const char* const header_and_rows :
       {"Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n1,m,300,5,305,x\n2,m,1200,6,1206,x\n",
        "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log "
        "Type\n1,0,0,m,300,5,305,x\n2,0,0,m,1200,6,1206,x\n",
        "timestamp,model,new,REQUEST_TOKENS,response_tokens\n1,m,0,300,5\n2,m,0,1200,6\n",
        "output_length;input_length;timestamp\n5;300;1\n6;1200;2\n",
        "\"timestamp\",\"input_length\",\"output_length\"\n\"1\",\"300\",\"5\"\n2,1200,6\n",
        "1,m,300,5,305,x\n2,m,1200,6,1206,x\n"}) {
    CAPTURE(header_and_rows);
    const TemporaryFile file("trace.csv", header_and_rows);
    const bool headerless = header_and_rows[0] == '1';
    const Load l = load_trace(file.path(), headerless ? ", format: burstgpt" : "");
    CHECK(inputs_of(l) == expected);
    CHECK(l.requests.at(1).output_tokens == 6);
    CHECK(l.requests.at(1).arrival == 1);
  }
  const TemporaryFile azure("azure.csv", "2031-05-04 08:00:00.5,300,5\n2031-05-04 08:00:01,1200,6\n");
  CHECK(inputs_of(load_trace(azure.path())) == expected);
  const TemporaryFile odd("odd.csv", "x,1,300,5\ny,2,1200,6\n");
  CHECK(inputs_of(load_trace(odd.path(), ", columns: {timestamp: 2, input_tokens: 3, output_tokens: 4}")) == expected);
  const std::string error = error_of([&] { load_trace(odd.path()); });
  CHECK(contains(error, "odd.csv:1:1: no header line, and 4 columns whose meaning is not known"));
  CHECK(contains(error, "columns: {timestamp: 1, input_tokens: 2, output_tokens: 3}"));
}

TEST_CASE("9: hash ids of different sessions are kept apart when they are local to one") {
  const std::string line =
      R"({{"timestamp": 0.5, "input_length": 1024, "output_length": 1, "session_id": {}, "hash_ids": [1, 2]}})";
  const TemporaryFile file("trace.jsonl", fmt::format(fmt::runtime(line + "\n" + line + "\n" + line + "\n"), 1, 2, 1));
  const Load global = load_trace(file.path());
  CHECK(global.requests[0].hash_ids == std::vector<std::uint64_t>{1, 2});
  CHECK(global.requests[0].hash_ids == global.requests[1].hash_ids);
  const Load local = load_trace(file.path(), ", hash_scope: session");
  CHECK(local.requests[0].hash_ids != local.requests[1].hash_ids);
  CHECK(local.requests[0].hash_ids == local.requests[2].hash_ids);
}

TEST_CASE(
    "10: lines with 14,000 hash ids and prompts of 894,371 tokens are read, clipped or dropped as told, and counted") {
  std::string ids = "0";
  for (int i = 1; i < 14000; ++i) ids += fmt::format(", {}", 1000000 + i);
  const std::string text = fmt::format(
      "{{\"timestamp\": 27, \"input_length\": 7167890, \"output_length\": 5, \"hash_ids\": [{}]}}\n"
      "{{\"timestamp\": 28, \"input_length\": 512, \"output_length\": 5, \"hash_ids\": [0]}}\n",
      ids);
  const TemporaryFile file("trace.jsonl", text);
  const Load l = load_trace(file.path());
  CHECK(l.report.format == "mooncake");
  CHECK(l.requests.at(0).hash_ids.size() == 14000);
  CHECK(l.requests.at(0).hash_ids.back() == 1013999);
  CHECK(l.report.longest_input == 7167890);
  CHECK(l.report.hash_mismatches == 0);

  const Load clipped = load_trace(file.path(), ", max_input_tokens: 131072");
  CHECK(clipped.requests.at(0).input_tokens == 131072);
  CHECK(clipped.requests.at(0).hash_ids.size() == 256);
  CHECK(clipped.report.clipped == 1);
  CHECK(contains(to_text(clipped.report), "1 cut to max_input_tokens"));
  CHECK(load_trace(file.path(), ", max_input_tokens: 131072, on_too_long: drop").report.dropped_too_long == 1);
  CHECK(contains(error_of([&] { load_trace(file.path(), ", max_input_tokens: 131072, on_too_long: fail"); }),
                 "a prompt of 7167890 tokens"));

  const TemporaryFile burst(
      "burst.csv", "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n1,m,894371,5,894376,x\n");
  CHECK(load_trace(burst.path()).requests.at(0).input_tokens == 894371);
}

TEST_CASE("11: a Git LFS pointer and other things that are no trace are called by their names") {
  const TemporaryFile pointer("trace.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 188\n");
  const std::string error = error_of([&] { load_trace(pointer.path()); });
  CHECK(contains(error, "this is a Git LFS pointer, not the data it points to"));
  CHECK(contains(error, "git lfs pull"));
  for (const auto& row : std::vector<std::pair<std::string, std::string>>{
           {"<!DOCTYPE html><html>", "a web page"},
           {"PK\x03\x04xyz", "a zip archive"},
           {"PAR1", "a Parquet file"},
           {"", "the file is empty"},
           {"\xFF\xFEt\n", "UTF-16"},
           {"[{\"timestamp\": 0}]", "a JSON list"},
           {"timestamp,input_length,output_length\n", "holds no requests"}}) {
    const std::string &content = row.first, &message = row.second;
    const TemporaryFile file("wrong.csv", content);
    CAPTURE(message);
    CHECK(contains(error_of([&] { load_trace(file.path()); }), message));
  }
}

TEST_CASE(
    "12: one bad line does not kill a long load, too many do, and so does a trace that is nothing but bad lines") {
  const auto rows = [](int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) text += fmt::format("{},{},1\n", i, 10 + i % 90);
    return text;
  };
  const std::string header = "timestamp,input_length,output_length\n";
  const TemporaryFile long_one("long.csv", header + rows(0, 3000) + "3000,8O,1\n" + rows(3001, 6000));
  const Load l = load_trace(long_one.path());
  CHECK(l.requests.size() == 5999);
  CHECK(l.report.bad_lines == 1);
  CHECK(contains(to_text(l.report), "line 3002: input_tokens '8O' is not a number of tokens"));

  const TemporaryFile short_one("short.csv", header + rows(0, 20) + "20,8O,1\n" + rows(21, 50));
  const std::string error = error_of([&] { load_trace(short_one.path()); });
  CHECK(contains(
      error,
      "short.csv:22:4: input_tokens '8O' is not a number of tokens (1 of 50 lines cannot be used)\n20,8O,1\n   ^"));
  CHECK(contains(error, "trace.max_bad_lines (now 0.1 % of the lines)"));
  CHECK(load_trace(short_one.path(), ", max_bad_lines: 1").requests.size() == 49);

  const TemporaryFile many("many.csv", header + rows(0, 500) + "x\nx\nx\n" + rows(503, 9000));
  CHECK(contains(error_of([&] { load_trace(many.path()); }),
                 "many.csv:502:1: 1 columns, at least 3 are needed (3 of 1000 lines"));

  std::string nothing = header;
  for (int i = 0; i < 500; ++i) nothing += "1,2\n";
  const TemporaryFile all_bad("all_bad.csv", nothing);
  const std::string refused = error_of([&] { load_trace(all_bad.path(), ", max_bad_lines: 1000000"); });
  CHECK(contains(refused, "(99 of 100 lines cannot be used)"));
  CHECK(contains(refused, "is trace.format right?"));
}
