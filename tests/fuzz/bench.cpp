// Files of `vllm bench serve --save-result`.
#include "analysis/calibrate/bench_results.hpp"
#include "tests/fuzz/file_of.hpp"
#include "tests/fuzz/target.hpp"

void flotilla::fuzz::read(std::string text) {
  const FileOf file(text);
  analysis::read_bench_results(file.path());
}
