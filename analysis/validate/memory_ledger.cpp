#include "analysis/validate/memory_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "analysis/run.hpp"
#include "analysis/summary/statistics.hpp"
#include "analysis/validate/labels.hpp"
#include "analysis/validate/protocol.hpp"

namespace flotilla::analysis {
namespace {

/// Catalogue name of a model as vLLM is told it.
std::string served_model(const std::string& path) {
  const auto has = [&](const char* word) { return path.find(word) != std::string::npos; };
  if (has("Llama-3.3-70B")) return "llama-3.3-70b";
  return has("DeepSeek-R1") ? "deepseek-r1" : "";
}

std::optional<int> flag(const std::string& command, const std::string& name) {
  const auto at = command.find(name + " ");
  return at == std::string::npos ? std::nullopt : std::optional(std::atoi(command.c_str() + at + name.size()));
}

Setup setup_of(const Table& t, std::size_t row) {
  const std::string& command = t.text(row, "command");
  Setup s;
  s.name = t.text(row, "exp");
  s.model = served_model(t.text(row, "model"));
  s.gpu = gpu_of(t.text(row, "gpu"));
  s.system = system_of(s.gpu);
  s.tp = static_cast<int>(t.number(row, "tp"));
  s.gpus = s.tp;
  s.engine = "vllm", s.engine_version = t.text(row, "vllm");
  s.weights = t.text(row, "model").find("FP4") != std::string::npos ? "nvfp4" : "fp8";
  s.kv_cache = "fp8";
  if (command.find("--enable-expert-parallel") != std::string::npos) s.ep = s.tp;
  s.memory_share = t.number(row, "gpu_mem_util");
  s.max_num_seqs = flag(command, "--max-num-seqs");
  s.max_num_batched_tokens = flag(command, "--max-num-batched-tokens");
  s.input_tokens = "1", s.output_tokens = "1", s.requests = 1;
  return s;
}

/// Logs of one model on as many GPUs differ by limits and overheads, never by this much.
constexpr double kAnotherRun = 0.25;

void compute(const Table& t, std::size_t row, LedgerLine& line) {
  const Setup setup = setup_of(t, row);
  if (setup.model.empty() || setup.system.empty()) {
    line.skipped = fmt::format("the catalogue holds no {} on {}", t.text(row, "model"), t.text(row, "gpu"));
    return;
  }
  try {
    const auto loaded = load_scenario(reader::Document::from_text(to_scenario(setup), setup.name), {});
    line.computed = static_cast<double>(loaded.build.groups.front().memory.kv_tokens);
  } catch (const InputError& e) {
    line.skipped = e.message();
  }
}

}  // namespace

std::vector<LedgerLine> compare_memory(const Table& t) {
  std::map<std::string, std::vector<double>> alike;  // logged tokens by model, GPU and tp
  const auto key = [&](std::size_t row) {
    return t.text(row, "model") + "," + t.text(row, "gpu") + "," + t.text(row, "tp");
  };
  for (std::size_t row = 0; row < t.size(); ++row) {
    if (t.number(row, "kv_cache_tokens") > 0) alike[key(row)].push_back(t.number(row, "kv_cache_tokens"));
  }
  for (auto& [name, tokens] : alike) std::sort(tokens.begin(), tokens.end());

  std::vector<LedgerLine> lines;
  for (std::size_t row = 0; row < t.size(); ++row) {
    LedgerLine line{t.text(row, "exp"), t.number(row, "kv_cache_tokens"), 0, ""};
    if (!(line.logged > 0) || !(t.number(row, "tp") >= 1)) {
      line.skipped = "the log names no KV tokens";
    } else if (std::abs(line.logged / percentile(alike[key(row)], 50) - 1) > kAnotherRun) {
      line.skipped = "the log is of another configuration than its name says";
    } else {
      compute(t, row, line);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

ErrorStatistics ledger_errors(const std::vector<LedgerLine>& lines) {
  std::vector<double> errors;
  for (const LedgerLine& line : lines) {
    if (line.computed > 0) errors.push_back(line.error());
  }
  return error_statistics(errors);
}

double worst_error(const std::vector<LedgerLine>& lines) {
  double worst = 0;
  for (const LedgerLine& line : lines) {
    if (line.computed > 0) worst = std::max(worst, std::abs(line.error()));
  }
  return worst;
}

}  // namespace flotilla::analysis
