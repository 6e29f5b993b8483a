#include "analysis/summary/summarise.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <memory>

#include "analysis/summary/availability.hpp"
#include "analysis/summary/energy.hpp"
#include "analysis/summary/links.hpp"
#include "analysis/summary/money.hpp"
#include "analysis/summary/tenants.hpp"
#include "analysis/summary/verdict.hpp"
#include "analysis/summary/warmup.hpp"
#include "analysis/version.hpp"
#include "models/bounds.hpp"
#include "models/step_cost.hpp"

namespace flotilla::analysis {

namespace {

constexpr double kMs = 1000;
constexpr std::int64_t kFewForP99 = 1000;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

void fill_load(Summary& s, const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& facts) {
  s.date = fmt::format("{:%Y%m%d-%H%M%S}", fmt::localtime(std::time(nullptr)));
  s.backend = build.groups.front().deployment.engine.name;
  s.label = scenario.name;
  s.model_id = fmt::format("{}", fmt::join(build.models, ", "));
  s.num_prompts = facts.injected;
  s.max_concurrency = scenario.workload.max_concurrency;
  const sim::WorkloadSpec& w = scenario.workload;
  s.request_rate = w.total_rate();
  if (!s.request_rate || w.tenants) return;
  const sim::ArrivalSpec arrivals = w.arrival_process();
  if (arrivals.kind == sim::ArrivalSpec::Kind::kPoisson) s.burstiness = 1;
  if (arrivals.kind == sim::ArrivalSpec::Kind::kGamma) s.burstiness = arrivals.gamma.shape();
}

void fill_totals(Summary& s, const sim::Scenario& scenario, const sim::RunFacts& f) {
  s.duration = f.duration;
  s.warmup_s = scenario.workload.warmup.value();
  s.completed = f.completed;
  s.failed = f.rejected + f.timed_out + f.cancelled + f.failed;
  s.total_input_tokens = f.total_input_tokens;
  s.kv.prefix_hit_rate = ratio(static_cast<double>(f.total_cached_tokens), static_cast<double>(f.total_input_tokens));
  s.total_output_tokens = f.total_output_tokens;
  s.request_throughput = ratio(static_cast<double>(f.completed), f.duration);
  s.output_throughput = ratio(static_cast<double>(f.total_output_tokens), f.duration);
  s.total_token_throughput = ratio(static_cast<double>(f.total_input_tokens + f.total_output_tokens), f.duration);
  s.max_output_tokens_per_s = static_cast<double>(f.peak_tokens_per_second);
  s.max_concurrent_requests = f.peak_in_flight;
  s.output_throughput_per_gpu = ratio(s.output_throughput, static_cast<double>(s.gpus));
  s.total_throughput_per_gpu = ratio(s.total_token_throughput, static_cast<double>(s.gpus));
  const auto& tenants = scenario.workload.tenants;
  const bool promised = tenants ? std::any_of(tenants->begin(), tenants->end(),
                                              [](const sim::TenantSpec& t) { return t.slo && t.slo->given(); })
                                : scenario.slo.given();
  s.goodput_ratio =
      ratio(static_cast<double>(f.samples.good), static_cast<double>(f.samples.e2el.count() + f.samples.failed));
  if (promised) s.request_goodput = s.goodput_ratio * s.request_throughput;
  s.conservation.injected = f.injected;
  s.conservation.completed = f.completed;
  s.conservation.rejected = f.rejected;
  s.conservation.timed_out = f.timed_out;
  s.clients.turned_away = f.refusals.turned_away;
  s.clients.retries = f.retries;
  s.conservation.cancelled = f.cancelled;
  s.conservation.failed = f.failed;
  s.conservation.unfinished = f.unfinished;
}

void fill_latencies(Summary& s, const sim::SloSpec& slo, const sim::RunFacts& f, Curves* curves) {
  const auto measured = static_cast<double>(f.samples.e2el.count());
  const auto range = [](const std::optional<Interval>& i) { return i ? Range({i->low, i->high}) : std::nullopt; };
  const auto metric = [&](const char* name, const sim::SampleSet& samples, const std::optional<Seconds>& limit,
                          Range& mean, Range& p99, std::vector<double> Curves::*curve) {
    const OrderedSamples ordered(samples);
    mean = range(ordered.mean_interval(kMs));
    p99 = range(ordered.percentile_interval(99, kMs));
    judge_promise(s.slo, name, limit, slo.percentile, measured > 0, ordered);
    if (curves != nullptr) curves->*curve = ordered.curve(kMs);
    return ordered.describe(kMs);
  };
  s.ttft = metric("ttft", f.samples.ttft, slo.ttft, s.confidence.mean_ttft_ms, s.confidence.p99_ttft_ms, &Curves::ttft);
  s.tpot = metric("tpot", f.samples.tpot, slo.tpot, s.confidence.mean_tpot_ms, s.confidence.p99_tpot_ms, &Curves::tpot);
  s.e2el = metric("e2el", f.samples.e2el, slo.e2el, s.confidence.mean_e2el_ms, s.confidence.p99_e2el_ms, &Curves::e2el);
  s.confidence.level = kConfidenceLevel;
  s.confidence.method = kBatchMethod;
  const double mean_itl = ratio(f.samples.itl_sum, static_cast<double>(f.samples.itl_count));
  s.itl = describe(f.itl, mean_itl, kMs);
  if (curves != nullptr) curves->itl = curve(f.itl, kMs);
  s.mean_client_queue_ms = kMs * ratio(f.samples.client_queue_sum, measured);
  s.interactivity.median = ratio(kMs, s.tpot.median);
  s.interactivity.p99 = ratio(kMs, s.tpot.p99);
  const double ttft_sum = f.samples.queue_sum + f.samples.prefill_sum + f.samples.transfer_sum + f.samples.frontend_sum;
  s.ttft_share.queue = ratio(f.samples.queue_sum, ttft_sum);
  s.ttft_share.prefill = ratio(f.samples.prefill_sum, ttft_sum);
  s.ttft_share.transfer = ratio(f.samples.transfer_sum, ttft_sum);
  s.ttft_share.other = ratio(f.samples.frontend_sum, ttft_sum);
}

/// GPU seconds by cause against all the GPU seconds that were paid for. A run that was stopped has been busy since its
/// last finish, where its duration ends.
void fill_shares(Summary& s, const sim::Build& build, const sim::RunFacts& f) {
  double busy_seconds = 0;
  for (std::size_t g = 0; g < f.groups.size(); ++g)
    busy_seconds += build.groups[g].gpus_per_replica * f.groups[g].books.busy.total();
  const double gpu_seconds = std::max(static_cast<double>(s.gpus) * f.duration, busy_seconds);
  for (std::size_t g = 0; g < f.groups.size(); ++g) {
    const double gpus = build.groups[g].gpus_per_replica;
    const models::CauseTimes& busy = f.groups[g].books.busy;
    s.time_share.memory += ratio(gpus * busy.memory, gpu_seconds);
    s.time_share.compute += ratio(gpus * busy.compute, gpu_seconds);
    s.time_share.communication += ratio(gpus * busy.communication, gpu_seconds);
    s.time_share.host += ratio(gpus * busy.host, gpu_seconds);
    s.sim.steps += f.groups[g].books.steps;
  }
  const double in_steps = s.time_share.memory + s.time_share.compute + s.time_share.communication + s.time_share.host;
  s.time_share.idle = std::max(0.0, 1 - in_steps);
}

void fill_kv(Summary& s, const sim::Build& build, const sim::RunFacts& f) {
  double block_seconds = 0;
  double block_budget = 0;
  for (std::size_t g = 0; g < f.groups.size(); ++g) {
    const sim::GroupFacts& group = f.groups[g];
    s.kv.budget_tokens += group.kv_blocks / build.groups[g].memory.layout.groups() * build.groups[g].deployment.block_size;
    s.kv.peak_usage = std::max(s.kv.peak_usage, group.peak_kv_usage);
    s.kv.preemptions += group.books.preemptions;
    s.kv.swaps += group.books.swaps;
    s.kv.stored_tokens += group.books.stored_tokens;
    s.kv.fetched_from_host += group.books.fetched_from_host;
    s.kv.fetched_from_storage += group.books.fetched_from_remote;
    block_seconds += group.books.kv_block_seconds;
    block_budget += static_cast<double>(group.kv_blocks) * f.duration;
  }
  s.kv.mean_usage = std::min(1.0, ratio(block_seconds, block_budget));
}

void fill_pools(Summary& s, const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& f) {
  for (std::size_t p = 0; p < scenario.fleet.pools.size(); ++p) {
    PoolSummary pool;
    pool.name = scenario.fleet.pools[p].name;
    pool.system = build.pools[p].system.name;
    pool.gpus = build.pools[p].gpus;
    double busy = 0;
    double block_seconds = 0;
    double blocks = 0;
    for (std::size_t g = 0; g < f.groups.size(); ++g) {
      if (build.groups[g].pool != p) continue;
      const sim::GroupFacts& group = f.groups[g];
      pool.replicas += group.replicas;
      busy += group.books.busy.total() * build.groups[g].gpus_per_replica;
      pool.output_throughput += ratio(static_cast<double>(group.books.output_tokens), f.duration);
      block_seconds += group.books.kv_block_seconds;
      blocks += static_cast<double>(group.kv_blocks);
      pool.kv_peak_usage = std::max(pool.kv_peak_usage, group.peak_kv_usage);
    }
    pool.utilization = std::min(1.0, ratio(busy, static_cast<double>(pool.gpus) * f.duration));
    pool.output_throughput_per_gpu = ratio(pool.output_throughput, static_cast<double>(pool.gpus));
    pool.kv_mean_usage = std::min(1.0, ratio(block_seconds, blocks * f.duration));
    pool.assumed_output_tok_s_per_gpu = scenario.fleet.pools[p].assumed_output_tok_s_per_gpu;
    s.pools.push_back(pool);
  }
}

/// A decode step of the size that steps had, where most tokens were made.
void fill_decode_step(Summary& s, const sim::Build& build, const sim::RunFacts& f) {
  std::size_t most = 0;
  for (std::size_t g = 0; g < f.groups.size(); ++g) {
    if (f.groups[g].books.output_tokens > f.groups[most].books.output_tokens) most = g;
  }
  const sim::ReplicaBooks& books = f.groups[most].books;
  if (books.steps == 0 || f.completed == 0) return;
  const models::Deployment& d = build.groups[most].deployment;
  const ModelTotals totals = totals_of_model(build, f, build.groups[most].serves.model);
  if (totals.completed == 0) return;
  const double context = (totals.input_tokens + totals.output_tokens / 2) / totals.completed;
  auto& step = s.decode_step;
  step.sequences = ratio(static_cast<double>(books.output_tokens), static_cast<double>(books.steps));
  step.kv_tokens = step.sequences * context;
  step.bound_ms = kMs * models::decode_floor(d, step.sequences, step.kv_tokens).seconds();
  models::CappedSteps cost(std::make_shared<models::StepCost>(d),
                           build.pools[build.groups[most].pool].power.periods.front().gpu);
  const int sequences = std::max(1, static_cast<int>(std::lround(step.sequences)));
  const models::DecodeCost& decode = cost.decode(sequences);
  const auto seen = models::window_of(d.llm).seen(static_cast<std::int64_t>(context));
  step.calibrated_ms = kMs * (decode.base + decode.slope * sequences * context +
                              decode.window_slope * static_cast<double>(sequences * seen));
}

/// Groups of one kind say the same.
void add_once(std::string& list, const std::string& text) {
  if (text.empty() || list.find(text) != std::string::npos) return;
  list += (list.empty() ? "" : "; ") + text;
}

void fill_envelope(Summary& s, const sim::Build& build) {
  for (const sim::ServingGroup& group : build.groups) {
    const models::StepCost::Envelope envelope = models::StepCost(group.deployment).envelope();
    s.envelope.inside = s.envelope.inside && envelope.inside;
    s.envelope.expected_error = std::max(s.envelope.expected_error, envelope.expected_error);
    add_once(s.envelope.nearest_points, envelope.nearest_points);
    add_once(s.envelope.reason, envelope.reason);
    const std::string& beyond = build.pools[group.pool].power.beyond;
    s.envelope.inside = s.envelope.inside && beyond.empty();
    add_once(s.envelope.reason, beyond);
  }
}

void warn_of_refusals(Summary& s, const sim::Refusals& refusals) {
  const auto warn = [&](std::int64_t count, const char* why) {
    if (count == 0) return;
    s.warnings.push_back(fmt::format("{} of {} requests were refused: {}", count, s.conservation.injected, why));
  };
  warn(refusals.longer_than_context, "input and output together are longer than max_model_len");
  warn(refusals.larger_than_memory, "their KV does not fit into an empty replica");
  warn(refusals.longer_than_step, "the prompt is longer than max_num_batched_tokens, and chunked prefill is off");
  warn(refusals.empty, "no input or no output tokens");
  warn(refusals.over_limit, "a limit of the gateway let no more in");
}

/// How long a request of mean length for one model stays in an empty fleet, in seconds: its prompt in one step, a step
/// for each further token.
double shortest_stay(const sim::Build& build, const ModelTotals& totals, std::int32_t model) {
  const double input = ratio(totals.input_tokens, totals.completed);
  const double cached = ratio(totals.cached_tokens, totals.completed);
  const double output = ratio(totals.output_tokens, totals.completed);
  double shortest = std::numeric_limits<double>::infinity();
  for (const sim::ServingGroup& group : build.groups) {
    if (group.serves.model != model) continue;
    models::StepCost cost(group.deployment);
    models::MixedBatch prompt;
    prompt.prefill_seqs = 1;
    prompt.prefill_last_chunks = 1;
    prompt.prefill_tokens = static_cast<std::int64_t>(input - cached);
    prompt.prefill_pairs = (input - cached) * (input + cached) / 2;
    prompt.prefill_context = static_cast<std::int64_t>(cached);
    const models::DecodeCost& decode = cost.decode(1);
    shortest =
        std::min(shortest, cost.mixed(prompt).total() + output * (decode.base + decode.slope * (input + output / 2)));
  }
  return shortest;
}

/// The mean of that over the requests of all models.
double shortest_stay(const sim::Build& build, const sim::RunFacts& f) {
  if (build.models.size() == 1) return shortest_stay(build, totals_of_model(build, f, 0), 0);
  double sum = 0, completed = 0;
  for (std::int32_t model = 0; model < static_cast<std::int32_t>(build.models.size()); ++model) {
    const ModelTotals totals = totals_of_model(build, f, model);
    if (totals.completed == 0) continue;
    sum += totals.completed * shortest_stay(build, totals, model);
    completed += totals.completed;
  }
  return ratio(sum, completed);
}

void tell_sketches(Summary& s, const sim::RunFacts& f) {
  if (f.samples.e2el.exact()) return;
  s.warnings.push_back(fmt::format("percentiles and deviations are within {} %: more than {} requests were measured",
                                   100 * sim::QuantileSketch::kRelativeError, sim::SampleSet::kMostExact));
}

void judge(Summary& s, const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& f) {
  const double stay = shortest_stay(build, f);
  const sim::WorkloadSpec& w = scenario.workload;
  const double period = w.wave_period();
  const BacklogTrend trend = backlog_trend(f.backlog, f.injected, stay, period);
  const bool open_loop = w.open_loop();
  if (open_loop && f.completed > 0 && !trend.too_short) {
    s.backlog_growth_per_s = trend.growth_per_s;
    s.verdict = trend.saturated ? Verdict::kSaturated : Verdict::kStable;
  } else if (open_loop && f.completed > 0 && period > 0) {
    s.warnings.push_back(fmt::format(
        "no verdict on whether the fleet keeps up: the load is a wave of {:g} s, whose backlog rises and falls with "
        "it, and arrives for {:.1f} periods only; let it last for {} whole ones",
        period, f.arrival_window / period, kFewestPeriods));
  } else if (open_loop && f.completed > 0) {
    const double longer = ratio(kFewestStays * stay, f.arrival_window);
    const double enough =
        std::max(static_cast<double>(kFewestSamples), std::ceil(longer * static_cast<double>(f.injected)));
    s.warnings.push_back(fmt::format(
        "no verdict on whether the fleet keeps up: requests arrive for {:.1f} s only, and stay for {:.1f} s at "
        "the least; send at least {:.0f}",
        f.arrival_window, stay, enough));
  }
  const auto measured = static_cast<std::int64_t>(f.samples.e2el.count());
  warn_of_refusals(s, f.refusals);
  if (measured == 0) {
    s.warnings.push_back(f.completed == 0
                             ? "no request was completed: there are no latencies"
                             : "no request that arrived after the warm-up was completed: there are no latencies");
  } else if (measured < kFewForP99) {
    s.warnings.push_back(
        fmt::format("p99 rests on {} requests: send at least {} for a figure to rely on", measured, kFewForP99));
  }
  if (s.verdict == Verdict::kSaturated) {
    s.warnings.push_back(
        fmt::format("the fleet does not keep up: the backlog grows by {:.2f} requests per second, so that latencies "
                    "depend on how long the run lasts",
                    trend.growth_per_s));
  }
  if (!w.warmup.automatic) warn_of_warmup(s, w.warmup.value(), f.arrival_window, f.samples.e2el.values());
  if (!s.envelope.inside) s.warnings.push_back("outside what was calibrated: " + s.envelope.reason);
}

std::int64_t peak_rss_kb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

Summary summarise(const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& facts,
                  const RunContext& context, Curves* curves) {
  Summary s;
  for (const auto& pool : build.pools) s.gpus += pool.gpus;
  fill_load(s, scenario, build, facts);
  fill_totals(s, scenario, facts);
  fill_latencies(s, scenario.workload.tenants ? sim::SloSpec() : scenario.slo, facts, curves);
  fill_shares(s, build, facts);
  fill_decode_step(s, build, facts);
  fill_kv(s, build, facts);
  fill_pools(s, scenario, build, facts);
  fill_availability(s, build, facts);
  fill_energy(s, scenario, build, facts);
  fill_money(s, build, facts);
  fill_tenants(s, scenario, build, facts);
  fill_kv_transfers(s, build, facts);
  fill_links(s, build, facts);
  fill_envelope(s, build);
  s.sim.version = kVersion;
  s.sim.commit = kCommit;
  s.sim.simgrid_version = simgrid_version();
  s.sim.seed = scenario.seed;
  s.sim.scenario_sha256 = context.scenario_sha256;
  s.sim.wall_time_s = context.wall_time_s;
  s.sim.events = static_cast<std::int64_t>(facts.events);
  s.sim.peak_rss_mb = static_cast<double>(peak_rss_kb()) / 1024;
  s.interrupted = facts.interrupted;
  s.warnings = build.warnings;
  tell_sketches(s, facts);
  judge(s, scenario, build, facts);
  return s;
}

}  // namespace flotilla::analysis
