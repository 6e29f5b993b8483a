// Writes a made-up week of requests in the form of Azure's public one-week traces of 2024 (two services, 44 million
// requests, 73 a second in the mean, with a daily wave), for a run of that size where the traces themselves are not at
// hand.
//
//   week_trace [REQUESTS] >week.csv            default: 44,000,000; fewer end the week earlier
//
// Lengths are lognormal with mean and median of the chat and code traces that Microsoft published with Splitwise (Patel
// et al., ISCA 2024): chat 1155/1020 input and 211/129 output tokens, code 2048/1469 and 28/13.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

#include "sim/workload/lengths.hpp"
#include "sim/workload/rng.hpp"

using namespace flotilla::sim;

namespace {

constexpr double kDay = 86400;
constexpr double kPi = 3.14159265358979323846;
constexpr double kRate = 44e6 / (7 * kDay);  ///< requests per second in the mean
constexpr double kWave = 0.6;                ///< the peak, in the afternoon, is 1.6 times the mean
constexpr double kChat = 27.0 / 44;          ///< of all requests
constexpr std::size_t kBuffer = 1 << 20;

LengthSampler lengths(double mean, double median) {
  LognormalLength length;
  length.mean = mean;
  length.p50 = median;
  length.max = 8000;
  return LengthSampler(length);
}

double rate_at(double second) { return kRate * (1 - kWave * std::cos(2 * kPi * (second / kDay - 3.0 / 24))); }

void append_row(std::string& out, double time, std::int32_t input, std::int32_t output) {
  const auto micros = static_cast<std::int64_t>(time * 1e6);
  const auto seconds = micros / 1'000'000;
  fmt::format_to(std::back_inserter(out), "2024-05-{:02} {:02}:{:02}:{:02}.{:06}+00:00,{},{}\n", 10 + seconds / 86400,
                 seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, micros % 1'000'000, input, output);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t requests = argc > 1 ? std::atoll(argv[1]) : 44'000'000;
  const LengthSampler chat_input = lengths(1155, 1020), chat_output = lengths(211, 129);
  const LengthSampler code_input = lengths(2048, 1469), code_output = lengths(28, 13);
  RandomEngine engine = make_stream(1, "week");
  std::string out = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  double time = 0;
  for (std::int64_t i = 0; i < requests; ++i) {
    // Candidates come at the highest rate; each stays with the share of the rate of its moment (Lewis and Shedler,
    // 1979).
    do {
      time += draw_exponential(engine) / (kRate * (1 + kWave));
    } while (draw_unit(engine) * kRate * (1 + kWave) > rate_at(time));
    const bool chat = draw_unit(engine) < kChat;
    const std::int32_t input = (chat ? chat_input : code_input).draw(engine);
    append_row(out, time, input, (chat ? chat_output : code_output).draw(engine));
    if (out.size() < kBuffer && i + 1 < requests) continue;
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return 1;
    out.clear();
  }
  return 0;
}
