#include "analysis/output/terminal.hpp"

#include <fmt/format.h>

#include "analysis/output/answer.hpp"

namespace flotilla::analysis {

namespace {

constexpr int kLabelWidth = 40;

class Block {
 public:
  void line(const std::string& label, const std::string& value) {
    text_ += fmt::format("{:<{}} {:<10}\n", label + ":", kLabelWidth, value);
    while (text_[text_.size() - 2] == ' ') text_.erase(text_.size() - 2, 1);
  }
  void line(const std::string& label, std::int64_t value) { line(label, std::to_string(value)); }
  void line(const std::string& label, double value) { line(label, fmt::format("{:.2f}", value)); }
  void title(const std::string& title, char fill) {
    const std::size_t pad = title.size() < 50 ? 50 - title.size() : 0;
    text_ += std::string(pad / 2, fill) + title + std::string(pad - pad / 2, fill) + "\n";
  }
  void raw(const std::string& text) { text_ += text; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void distribution(Block& block, const char* title, const char* name, const Distribution& d) {
  block.title(title, '-');
  block.line(fmt::format("Mean {} (ms)", name), d.mean);
  block.line(fmt::format("Median {} (ms)", name), d.median);
  block.line(fmt::format("P90 {} (ms)", name), d.p90);
  block.line(fmt::format("P95 {} (ms)", name), d.p95);
  block.line(fmt::format("P99 {} (ms)", name), d.p99);
}

/// How far a p99 may be off by chance. Nothing of a fleet that does not keep up: there is no p99 to be near to.
void intervals(Block& block, const Summary& s) {
  if (s.verdict == Verdict::kSaturated || s.e2el.mean == 0) return;
  const auto interval = [&](const char* name, const Range& range) {
    block.line(fmt::format("P99 {}, {:g} % interval (ms)", name, 100 * s.confidence.level),
               range ? fmt::format("{:.1f} to {:.1f}", (*range)[0], (*range)[1]) : "unknown: the run is too short");
  };
  interval("TTFT", s.confidence.p99_ttft_ms);
  interval("TPOT", s.confidence.p99_tpot_ms);
  interval("E2EL", s.confidence.p99_e2el_ms);
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

void transfer_lines(Block& block, const Summary& s) {
  const auto& t = s.kv_transfers;
  block.line("KV transfers (count, GB each)", fmt::format("{}, {:.2f}", t.count, t.bytes / t.count / 1e9));
  block.line("KV transfer mean/p99/alone (ms)",
             fmt::format("{:.1f} / {:.1f} / {:.1f}", t.mean_ms, t.p99_ms, t.mean_alone_ms));
  if (t.mean_wait_ms > 0) block.line("KV waits for decode memory, mean (ms)", t.mean_wait_ms);
  block.line("KV transfers wait for", t.bottleneck);
  block.line("Mean TTFT: queue/prefill/transfer", percent(s.ttft_share.queue) + " / " + percent(s.ttft_share.prefill) +
                                                      " / " + percent(s.ttft_share.transfer));
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(kShown, s.links.size()); ++i) {
    const LinkSummary& link = s.links[i];
    if (link.peak_utilization <= 0) break;
    block.line((i == 0 ? "Busiest links, mean/peak second: " : "  ") + link.name,
               percent(link.mean_utilization) + " / " + percent(link.peak_utilization));
  }
}

/// "p99 TTFT, p99 TPOT, tok/s with +10 % compute: -1.2 % / -6.0 % / +0.0 %".
void elasticity_lines(Block& block, const Summary& s) {
  const auto change = [](const std::optional<double>& ratio) {
    return ratio ? fmt::format("{:+.1f} %", 100 * *ratio) : std::string("-");
  };
  if (!s.elasticities.empty()) block.title("p99 TTFT / p99 TPOT / output tok/s", '-');
  for (const ElasticitySummary& e : s.elasticities)
    block.line("with " + name_of_change(e),
               change(e.p99_ttft) + " / " + change(e.p99_tpot) + " / " + change(e.output_throughput));
}

void energy_lines(Block& block, const Summary& s) {
  const auto& e = s.energy;
  block.line("Power average/peak (kW)", fmt::format("{:.2f} / {:.2f}", e.average_watts / 1e3, e.peak_watts / 1e3));
  if (!e.joules_per_output_token) return;
  block.line("Energy (J/output token)", fmt::format("{:.3f}", *e.joules_per_output_token));
  std::string drawn = fmt::format("{:.3f}", *e.tokens_per_second_per_megawatt / 1e6);
  if (e.tokens_per_second_per_provisioned_megawatt)
    drawn += fmt::format(" / {:.3f}", *e.tokens_per_second_per_provisioned_megawatt / 1e6);
  block.line("M output tok/s per MW drawn/provisioned", drawn);
}

/// Only of a fleet that changed.
void availability_lines(Block& block, const Summary& s) {
  const auto& a = s.availability;
  if (a.paid_gpu_hours <= 0) return;
  block.line("GPU hours paid for, share that served",
             fmt::format("{:.1f}, {}", a.paid_gpu_hours, percent(a.open_share)));
  if (a.failures > 0) {
    block.line("Failures, replicas lost", fmt::format("{}, {}", a.failures, a.replicas_lost));
    block.line("Largest loss (GPUs)", a.largest_loss_gpus);
    block.line("Requests rerouted / failed", fmt::format("{} / {}", a.requests_rerouted, s.conservation.failed));
    if (a.recoveries > 0)
      block.line("Recovery mean/longest (s)", fmt::format("{:.1f} / {:.1f}", a.mean_recovery_s, a.longest_recovery_s));
  }
  if (a.starts > 0) block.line("Replica starts, mean time (s)", fmt::format("{}, {:.1f}", a.starts, a.mean_start_s));
}

/// A line each: the tail of its latencies, requests that met its promises, what it costs.
void tenant_lines(Block& block, const Summary& s) {
  if (s.tenants.empty()) return;
  block.title("Tenants: p99 TTFT / p99 TPOT (ms), goodput", '-');
  for (const TenantSummary& t : s.tenants) {
    std::string value = fmt::format("{:.1f} / {:.1f}, {}", t.ttft.p99, t.tpot.p99, percent(t.goodput_ratio));
    if (t.usd_per_million_output_tokens)
      value += fmt::format(", $ {:.3f} per M output tokens", *t.usd_per_million_output_tokens);
    block.line(fmt::format("{} ({})", t.name, t.model), value);
  }
}

void own_block(Block& block, const Summary& s) {
  block.title("Fleet", '-');
  for (const PoolSummary& pool : s.pools) {
    block.line(fmt::format("{} ({} x {})", pool.name, pool.gpus, pool.system),
               fmt::format("{} replicas, {} busy", pool.replicas, percent(pool.utilization)));
  }
  block.line("Verdict", s.verdict == Verdict::kStable      ? "stable"
                        : s.verdict == Verdict::kSaturated ? "saturated"
                                                           : "not applicable");
  block.line("Output throughput per GPU (tok/s/GPU)", s.output_throughput_per_gpu);
  block.line("Interactivity median/p99 (tok/s/user)",
             fmt::format("{:.1f} / {:.1f}", s.interactivity.median, s.interactivity.p99));
  intervals(block, s);
  block.line("GPU time: memory", percent(s.time_share.memory));
  block.line("GPU time: compute", percent(s.time_share.compute));
  block.line("GPU time: communication", percent(s.time_share.communication));
  block.line("GPU time: host", percent(s.time_share.host));
  block.line("GPU time: idle", percent(s.time_share.idle));
  block.line("KV usage mean/peak", percent(s.kv.mean_usage) + " / " + percent(s.kv.peak_usage));
  block.line("KV budget (tokens)", s.kv.budget_tokens);
  block.line("Preemptions", s.kv.preemptions);
  if (s.kv.swaps > 0) block.line("Of those swapped to host memory", s.kv.swaps);
  if (s.kv.stored_tokens > 0) {
    block.line("KV tokens fetched from host/storage",
               fmt::format("{} / {}", s.kv.fetched_from_host, s.kv.fetched_from_storage));
  }
  if (s.clients.retries + s.clients.turned_away > 0)
    block.line("Attempts turned away, retries", fmt::format("{}, {}", s.clients.turned_away, s.clients.retries));
  if (s.kv_transfers.count > 0) transfer_lines(block, s);
  availability_lines(block, s);
  if (s.cost.usd_per_hour) {
    block.line("Cost ($/h, $/month)", fmt::format("{:.2f}, {:.0f}", *s.cost.usd_per_hour, *s.cost.usd_per_month));
  }
  if (s.cost.usd_per_million_output_tokens)
    block.line("Cost ($/M output tokens)", fmt::format("{:.3f}", *s.cost.usd_per_million_output_tokens));
  if (s.cost.usd_per_million_useful_tokens)
    block.line("Cost ($/M useful tokens)", fmt::format("{:.3f}", *s.cost.usd_per_million_useful_tokens));
  energy_lines(block, s);
  const auto& c = s.conservation;
  std::string books = fmt::format("{} injected = {} completed + {} rejected", c.injected, c.completed, c.rejected);
  if (c.timed_out > 0) books += fmt::format(" + {} timed out", c.timed_out);
  if (c.cancelled > 0) books += fmt::format(" + {} cancelled", c.cancelled);
  if (c.failed > 0) books += fmt::format(" + {} failed", c.failed);
  block.line("Conservation", books + fmt::format(" + {} unfinished", c.unfinished));
  block.line("Calibration", s.envelope.nearest_points.empty() ? std::string("none") : s.envelope.nearest_points);
}

}  // namespace

std::string terminal_block(const Summary& s) {
  Block block;
  block.raw(answer(s) + "\n");
  if (const std::string binds = what_binds(s); !binds.empty()) block.raw(binds + "\n");
  block.title(" Serving Benchmark Result ", '=');
  block.line("Successful requests", s.completed);
  block.line("Failed requests", s.failed);
  if (s.max_concurrency) block.line("Maximum request concurrency", *s.max_concurrency);
  if (s.request_rate) block.line("Request rate configured (RPS)", *s.request_rate);
  block.line("Benchmark duration (s)", s.duration);
  block.line("Total input tokens", s.total_input_tokens);
  block.line("Total generated tokens", s.total_output_tokens);
  block.line("Request throughput (req/s)", s.request_throughput);
  if (s.request_goodput) block.line("Request goodput (req/s)", *s.request_goodput);
  block.line("Output token throughput (tok/s)", s.output_throughput);
  block.line("Peak output token throughput (tok/s)", s.max_output_tokens_per_s);
  block.line("Peak concurrent requests", s.max_concurrent_requests);
  block.line("Total token throughput (tok/s)", s.total_token_throughput);
  distribution(block, "Time to First Token", "TTFT", s.ttft);
  distribution(block, "Time per Output Token (excl. 1st token)", "TPOT", s.tpot);
  distribution(block, "Inter-token Latency", "ITL", s.itl);
  distribution(block, "End-to-end Latency", "E2EL", s.e2el);
  tenant_lines(block, s);
  own_block(block, s);
  elasticity_lines(block, s);
  block.raw(std::string(50, '=') + "\n");
  for (const std::string& warning : s.warnings) block.raw("note: " + warning + "\n");
  return block.take();
}

}  // namespace flotilla::analysis
