// Traces with random damage: either they are read, with all that a request promises, or they are refused as bad input.
#include <doctest/doctest.h>

#include <iterator>
#include <random>

#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

constexpr int kRunsPerFile = 200;
const std::vector<std::string> kPieces{"\"",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ",",
                                       ":",
                                       "\n",
                                       "-1",
                                       "null",
                                       "1e999",
                                       "9223372036854775807",
                                       "\\",
                                       "2031-02-30 00:00:00",
                                       std::string(1, '\0'),
                                       "\xFF",
                                       ";",
                                       "\t",
                                       "."};

std::string damaged(std::string text, std::mt19937_64& random) {
  for (auto strokes = random() % 4 + 1; strokes > 0 && !text.empty(); --strokes) {
    const std::size_t place = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[place] = static_cast<char>(random());
        break;
      case 1:
        text.erase(place, random() % 20);
        break;
      case 2:
        text.insert(place, kPieces[random() % kPieces.size()]);
        break;
      case 3:
        text.resize(place);
        break;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("a damaged trace is read or refused") {
  std::mt19937_64 random(2031);
  int read = 0;
  int refused = 0;
  for (const char* const name : {"azure.csv", "mooncake.jsonl", "mooncake.jsonl.gz", "burstgpt_sessions.csv",
                                 "vidur.csv", "own.csv", "own.jsonl"}) {
    std::ifstream in(kData + name, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    for (int run = 0; run < kRunsPerFile; ++run) {
      const TemporaryFile file("damaged", damaged(whole, random));
      WorkloadSpec spec;
      spec.trace.emplace();
      spec.trace->path = InputFile(file.path());
      spec.trace->max_bad_lines = 1000;
      try {
        double last = 0;
        for (const ArrivingRequest& r : load(spec).requests) {
          const bool good = r.arrival >= last && r.input_tokens >= 1 && r.output_tokens >= 1;
          REQUIRE(good);
          last = r.arrival;
        }
        ++read;
      } catch (const InputError&) {
        ++refused;
      }
    }
  }
  CHECK(read > 100);
  CHECK(refused > 100);
}
