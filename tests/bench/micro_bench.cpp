// The parts that whole runs spend their time in, each alone. Google Benchmark; `micro_bench --benchmark_filter=replica`
// for some.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "models/step_cost.hpp"
#include "sim/engine/quantile_sketch.hpp"
#include "sim/workload/source.hpp"
#include "tests/sim/fleet_of_one.hpp"

namespace flotilla::sim {
namespace {

constexpr std::int32_t kInput = 800;
constexpr std::int32_t kOutput = 400;
constexpr int kBlockSize = 16;

/// SimGrid has one engine per process: all benchmarks share its clock, which only goes on.
Clock& shared_clock() {
  static Clock clock;
  return clock;
}

/// A replica with costs one can work out by hand takes `range(0)` requests at once and serves them to their ends.
void replica(benchmark::State& state, bool step_by_step) {
  RequestPool pool;
  Recorder recorder({}, 0);
  const auto times = std::make_shared<LinearTimes>();
  times->base = 0.01;
  times->per_kv_token = 1e-8;
  times->per_prompt_token = 1e-5;
  ReplicaSpec spec;
  spec.cost = times;
  spec.scheduler = make_scheduler("vllm_v1", {});
  spec.kv_blocks = state.range(0) * (kInput + kOutput);
  spec.block_size = kBlockSize;
  spec.step_by_step = step_by_step;
  Clock& clock = shared_clock();
  Replica replica(std::move(spec), pool, clock, recorder);
  replica.on_finished([&](RequestHandle handle) { pool.release(handle); });
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const RequestHandle handle = pool.allocate();
      Request& r = pool[handle];
      r.arrival = clock.now();
      r.wished_arrival = r.arrival;
      r.input_tokens = kInput;
      r.output_tokens = kOutput + static_cast<std::int32_t>(i);  // they end one after the other
      recorder.sent(r.arrival);
      replica.enqueue(handle, r.arrival, false);
    }
    clock.run();
  }
  replica.close();
  state.counters["steps"] = benchmark::Counter(static_cast<double>(replica.books().steps), benchmark::Counter::kIsRate);
  state.counters["requests"] = benchmark::Counter(static_cast<double>(recorder.completed), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(replica, jumping, false)->Arg(8)->Arg(64)->Arg(256);
BENCHMARK_CAPTURE(replica, step_by_step, true)->Arg(8)->Arg(64)->Arg(256);

/// Sequences that decode together; one that ends is followed by a new one.
void decode_set(benchmark::State& state) {
  RequestPool pool;
  DecodeSet set(kBlockSize);
  const auto join = [&](std::int64_t i) {
    const RequestHandle handle = pool.allocate();
    Request& r = pool[handle];
    r.computed = kInput + static_cast<std::int32_t>(i % kBlockSize);
    r.generated = 1;
    r.output_tokens = kOutput + static_cast<std::int32_t>(i);
    set.join(handle, r);
  };
  for (std::int64_t i = 0; i < state.range(0); ++i) join(i);
  std::int64_t blocks = 0;
  for (auto _ : state) {
    blocks += set.blocks_needed(1);
    set.advance(1, pool);
    for (RequestHandle ended = set.pop_finished(pool); ended != kNoRequest; ended = set.pop_finished(pool)) {
      pool.release(ended);
      join(blocks % state.range(0));
    }
  }
  benchmark::DoNotOptimize(blocks);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_set)->Arg(8)->Arg(256)->Arg(4096);

/// A policy decides about a step in which `range(0)` sequences decode and prompts wait that find no seat, and the books
/// of the memory follow: blocks are taken, and given back where a sequence ends.
void scheduler_step(benchmark::State& state, const std::string& name) {
  RequestPool pool;
  Batch batch(pool, state.range(0) * 2 * (kInput + kOutput) / kBlockSize, kBlockSize);
  StepPlanner planner(batch);
  SchedulerLimits limits;
  limits.max_num_seqs = static_cast<int>(state.range(0));
  const auto policy = make_scheduler(name, limits);
  const auto enqueue = [&](std::int64_t i) {
    const RequestHandle handle = pool.allocate();
    pool[handle].input_tokens = kInput;
    pool[handle].output_tokens = kOutput + static_cast<std::int32_t>(i % kOutput);
    batch.enqueue(handle);
  };
  std::int64_t sent = 0;
  while (sent < 2 * state.range(0)) enqueue(sent++);
  for (auto _ : state) {
    planner.begin(0, 0);
    policy->plan(planner);
    if (planner.decode_planned()) batch.advance_decoding(1);
    for (const PrefillChunk& chunk : planner.chunks()) {
      batch.prefill_advanced(chunk.request, chunk.tokens);
      Request& r = pool[chunk.request];
      if (r.computed < r.prefill_target) continue;
      ++r.generated;
      batch.start_decoding(chunk.request);
    }
    for (RequestHandle ended = batch.decoding().pop_finished(pool); ended != kNoRequest;
         ended = batch.decoding().pop_finished(pool)) {
      batch.retire(ended);
      pool.release(ended);
      enqueue(sent++);
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(scheduler_step, vllm_v1, "vllm_v1")->Arg(8)->Arg(256);
BENCHMARK_CAPTURE(scheduler_step, sglang, "sglang")->Arg(8)->Arg(256);
BENCHMARK_CAPTURE(scheduler_step, trtllm_inflight, "trtllm_inflight")->Arg(8)->Arg(256);

/// One sequence takes the blocks of its prompt, grows by its output block after block, and gives all back.
void kv_ledger(benchmark::State& state) {
  KvCache kv(1 << 20, kBlockSize);
  std::int32_t input = kInput;
  for (auto _ : state) {
    input = input % 4096 + 1;
    kv.take(kv.blocks_for(input));
    for (std::int32_t tokens = input; tokens < input + kOutput; tokens += kBlockSize) {
      kv.take(kv.blocks_for(tokens + kBlockSize) - kv.blocks_for(tokens));
    }
    kv.give_back(kv.used());
  }
  benchmark::DoNotOptimize(kv.peak());
  state.SetItemsProcessed(state.iterations() * (kOutput / kBlockSize + 2));
}
BENCHMARK(kv_ledger);

models::StepCost llama_on_h100() {
  models::Deployment d = models::default_deployment(models::load_llm("llama-3.3-70b"), models::load_gpu("h100-sxm"),
                                                    models::load_engine("vllm"));
  d.weights = models::NumberFormat::kFp8;
  d.tensor_parallel_size = 2;
  return models::StepCost(d);
}

void step_cost_decode(benchmark::State& state) {
  models::StepCost cost = llama_on_h100();
  int sequences = 0;
  for (auto _ : state) {
    sequences = sequences % 256 + 1;
    benchmark::DoNotOptimize(cost.decode(sequences).base);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(step_cost_decode);

void step_cost_mixed(benchmark::State& state) {
  models::StepCost cost = llama_on_h100();
  models::MixedBatch batch;
  batch.prefill_seqs = 1;
  batch.prefill_last_chunks = 1;
  batch.prefill_tokens = kInput;
  batch.prefill_pairs = 0.5 * kInput * kInput;
  for (auto _ : state) {
    batch.decode_seqs = batch.decode_seqs % 256 + 1;
    batch.decode_kv_tokens = batch.decode_seqs * std::int64_t{kInput};
    benchmark::DoNotOptimize(cost.mixed(batch).memory);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(step_cost_mixed);

/// The first call for a batch shape, which nothing has been remembered of.
void step_cost_first_call(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    models::StepCost cost = llama_on_h100();
    state.ResumeTiming();
    benchmark::DoNotOptimize(cost.decode(64).base);
  }
}
BENCHMARK(step_cost_first_call)->Iterations(2000);

void sketch_add(benchmark::State& state) {
  QuantileSketch sketch;
  double value = 0.01;
  for (auto _ : state) {
    value = value > 0.1 ? 0.01 : value * 1.001;
    sketch.add(value, 1);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(sketch_add);

/// The gaps of a stretch of decode steps: `range(0)` of them, each a little longer than the one before.
void sketch_add_arithmetic(benchmark::State& state) {
  QuantileSketch sketch;
  for (auto _ : state) sketch.add_arithmetic(0.02, 1e-6, state.range(0), 64);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sketch_add_arithmetic)->Arg(1)->Arg(10)->Arg(400);

constexpr int kRows = 100'000;

void write_azure(std::ofstream& out) {
  out << "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  for (int i = 0; i < kRows; ++i) {
    const int second = i / 50;
    out << fmt::format("2031-05-04 {:02}:{:02}:{:02}.{:07},{},{}\n", second / 3600, second / 60 % 60, second % 60,
                       i % 50 * 199999, 100 + i % 7919, 1 + i % 997);
  }
}

void write_mooncake(std::ofstream& out) {
  for (int i = 0; i < kRows; ++i) {
    std::string ids = "0";
    for (int k = 1; k <= i % 20; ++k) ids += fmt::format(", {}", 20 * i + k);
    out << fmt::format("{{\"timestamp\": {}, \"input_length\": {}, \"output_length\": {}, \"hash_ids\": [{}]}}\n",
                       i * 29, 512 * (i % 20 + 1), 1 + i % 997, ids);
  }
}

void read_trace(benchmark::State& state, const char* name, void (*write)(std::ofstream&)) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("flotilla-bench-{}-{}", getpid(), name);
  {
    std::ofstream out(path);
    write(out);
  }
  WorkloadSpec spec;
  spec.trace.emplace();
  spec.trace->path = InputFile(path.string());
  for (auto _ : state) {
    const auto source = make_source(spec, 1);
    ArrivingRequest request;
    std::int64_t rows = 0;
    while (source->next(request)) ++rows;
    if (rows != kRows) state.SkipWithError("rows are missing");
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(std::filesystem::file_size(path)));
  std::filesystem::remove(path);
}
BENCHMARK_CAPTURE(read_trace, azure, "azure.csv", write_azure)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(read_trace, mooncake, "mooncake.jsonl", write_mooncake)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace flotilla::sim
