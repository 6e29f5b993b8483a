// Prints how fast traces are read, in rows and megabytes of the file per second of processor time: two made up here, in
// the formats of Azure and Mooncake, and those given as arguments.
//
//   bench_traces [FILE...]
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "sim/workload/source.hpp"

using namespace flotilla::sim;

namespace {

std::string write_azure(const std::filesystem::path& folder, int rows) {
  std::ofstream out(folder / "azure.csv");
  out << "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  for (int i = 0; i < rows; ++i) {
    const int ticks = i / 500 % 86400;
    out << fmt::format("2031-05-04 {:02}:{:02}:{:02}.{:07},{},{}\n", ticks / 3600, ticks / 60 % 60, ticks % 60,
                       i % 500 * 19999, 100 + i % 7919, 1 + i % 997);
  }
  return (folder / "azure.csv").string();
}

std::string write_mooncake(const std::filesystem::path& folder, int rows) {
  std::ofstream out(folder / "mooncake.jsonl");
  int id = 0;
  for (int i = 0; i < rows; ++i) {
    std::string ids = "0";
    for (int k = 0; k < i % 47; ++k) ids += fmt::format(", {}", ++id);
    out << fmt::format("{{\"timestamp\": {}, \"input_length\": {}, \"output_length\": {}, \"hash_ids\": [{}]}}\n",
                       i * 29, 512 * (i % 47 + 1), 1 + i % 997, ids);
  }
  return (folder / "mooncake.jsonl").string();
}

void measure(const std::string& path) {
  WorkloadSpec spec;
  spec.trace.emplace();
  spec.trace->path = InputFile(path);
  const std::clock_t start = std::clock();  // processor time: a busy machine does not count
  const auto source = make_source(spec, 1);
  ArrivingRequest request;
  std::int64_t rows = 0;
  while (source->next(request)) ++rows;
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  const double megabytes = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
  fmt::print("{:40} {:>10} rows  {:>8.2f} M rows/s  {:>8.1f} MB/s\n", std::filesystem::path(path).filename().string(),
             rows, static_cast<double>(rows) / seconds / 1e6, megabytes / seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("flotilla-bench-{}", getpid());
  std::filesystem::create_directories(folder);
  measure(write_azure(folder, 2'000'000));
  measure(write_mooncake(folder, 500'000));
  std::filesystem::remove_all(folder);
  for (int i = 1; i < argc; ++i) measure(argv[i]);
  return 0;
}
