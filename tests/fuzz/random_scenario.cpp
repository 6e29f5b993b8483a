#include "tests/fuzz/random_scenario.hpp"

#include <random>
#include <vector>

#include "sim/engine/waiting_queue.hpp"
#include "sim/router/router.hpp"
#include "sim/scheduler/scheduler.hpp"

namespace flotilla::fuzz {
namespace {

using Json = nlohmann::ordered_json;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// Once in so many times.
  bool once_in(int times) { return pick(1, times) == 1; }
  int pick(int low, int high) { return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1)); }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(pick(0, static_cast<int>(all.size()) - 1))];
  }
  std::string word(const std::vector<std::string>& all) { return one_of(all); }
  std::string seconds(int low_ms, int high_ms) { return std::to_string(pick(low_ms, high_ms)) + "ms"; }

 private:
  std::mt19937_64 engine_;
};

Json lengths(Dice& d, int most) {
  switch (d.pick(0, 3)) {
    case 0:
      return d.pick(1, most);
    case 1:
      return Json{{"uniform", {d.pick(1, most / 2), d.pick(most / 2, most)}}};
    case 2:
      return Json{{"lognormal", {{"p50", d.pick(1, most / 4 + 1)}, {"sigma", 0.1 * d.pick(0, 12)}, {"max", most}}}};
    default:
      return d.pick(1, 50);
  }
}

Json scheduler(Dice& d) {
  Json s = Json::object();
  const auto& policies = sim::schedulers();
  const auto& policy = policies[static_cast<std::size_t>(d.pick(0, static_cast<int>(policies.size()) - 1))];
  const auto knows = [&](const char* key) {
    return std::find(policy.keys.begin(), policy.keys.end(), key) != policy.keys.end();
  };
  if (d.once_in(3)) s["policy"] = policy.name;
  if (d.once_in(2)) s["max_num_seqs"] = d.pick(1, 64);
  if (d.once_in(3)) s["max_num_batched_tokens"] = d.pick(256, 8192);
  if (d.once_in(4)) s["async_scheduling"] = d.once_in(2);
  if (d.once_in(3))
    s["order"] =
        sim::queue_orders()[static_cast<std::size_t>(d.pick(0, static_cast<int>(sim::queue_orders().size()) - 1))].name;
  if (!s.contains("policy")) return s;
  if (knows("watermark") && d.once_in(2)) s["watermark"] = 0.01 * d.pick(0, 20);
  if (knows("reserve_full_isl") && d.once_in(2)) s["reserve_full_isl"] = d.once_in(2);
  if (knows("long_prefill_token_threshold") && d.once_in(2)) s["long_prefill_token_threshold"] = d.pick(1, 2000);
  if (knows("max_num_partial_prefills") && d.once_in(2)) s["max_num_partial_prefills"] = d.pick(1, 4);
  if (knows("preemption_mode") && d.once_in(2)) s["preemption_mode"] = "swap";
  if (knows("capacity_scheduler_policy") && d.once_in(2)) s["capacity_scheduler_policy"] = "max_utilization";
  if (knows("batch_wait_max_tokens_ratio") && d.once_in(2)) {
    s["batch_wait_max_tokens_ratio"] = 0.1 * d.pick(1, 9);
    s["batch_wait_timeout_iters"] = d.pick(1, 40);
  }
  return s;
}

struct Shape {
  int tp = 1, pp = 1, dp = 1, replicas = 1;
  [[nodiscard]] int gpus() const { return tp * pp * dp * replicas; }
};

Json serving_group(Dice& d, const std::string& pool, const std::string& system, bool experts, const Shape& shape,
                   bool storage, const std::string& role) {
  Json g = {{"pool", pool}, {"engine", d.word({"vllm", "sglang", "tensorrt-llm"})}};
  if (d.once_in(3)) g["engine_version"] = d.word({"0.11", "0.15", "0.19", "1.1", "0.5.6"});
  if (role != "mixed") g["role"] = role;
  g["weights"] = system == "hgx-b200" || system == "gb200-nvl72" ? d.word({"fp8", "nvfp4"}) : "fp8";
  if (d.once_in(2)) g["kv_cache_dtype"] = "fp8";
  if (shape.tp > 1) g["tensor_parallel_size"] = shape.tp;
  if (shape.pp > 1) g["pipeline_parallel_size"] = shape.pp;
  if (shape.dp > 1) g["data_parallel_size"] = shape.dp;
  if (experts && d.once_in(2)) g["expert_parallel_size"] = shape.tp * shape.dp;
  g["replicas"] = shape.replicas;
  if (d.once_in(3)) g["placement"] = d.word({"packed", "spread", "rail_aligned", "nvlink_domain_first"});
  if (d.once_in(2)) g["gpu_memory_utilization"] = 0.01 * d.pick(80, 95);
  if (d.once_in(4)) g["enable_prefix_caching"] = false;
  if (d.once_in(4)) g["prefix_cache_eviction"] = "lfu";
  if (d.once_in(6)) g["fidelity"] = "flows";
  g["scheduler"] = scheduler(d);
  if (d.once_in(5) && role == "mixed") {
    g["speculation"] = {{"draft_tokens", d.pick(1, 4)}, {"acceptance", 0.1 * d.pick(1, 9)}};
    if (d.once_in(2)) g["speculation"]["acceptance_spread"] = 0.05;
  }
  if (d.once_in(5) && shape.dp == 1 && role != "decode") {
    g["kv_offload"] = {{"host", std::to_string(d.pick(1, 100)) + "GB"}};
    if (storage && d.once_in(2)) g["kv_offload"]["storage"] = "1TB";
  }
  if (role == "prefill" && d.once_in(2)) {
    g["kv_transfer"] = {{"direction", d.word({"pull", "push"})}};
    if (g["kv_transfer"]["direction"] == "push") g["kv_transfer"]["overlap"] = d.word({"none", "chunks", "layers"});
  }
  if (d.once_in(4)) {
    g["startup"] = {{"engine_start", d.seconds(0, 20000)}, {"provisioning", d.seconds(0, 20000)}};
    if (storage) g["startup"]["image"] = "5GB";
  }
  if (d.once_in(4) && shape.replicas > 1) {
    g["autoscale"] = {{"policy", d.word({"concurrency", "queue_length", "kv_usage", "predictive"})},
                      {"min_replicas", d.pick(1, shape.replicas)},
                      {"max_replicas", shape.replicas},
                      {"interval", d.seconds(500, 10000)},
                      {"stabilization", d.seconds(0, 20000)}};
    g["autoscale"]["target"] = g["autoscale"]["policy"] == "kv_usage" ? 0.5 : d.pick(1, 20);
  }
  return g;
}

void add_load(Dice& d, Json& w, bool closed) {
  if (closed) {
    w["request_rate"] = "inf";
    w["max_concurrency"] = d.pick(1, 60);
  } else {
    w["request_rate"] = 0.1 * d.pick(1, 400);
    if (d.once_in(4))
      w["arrivals"] = "constant";
    else if (d.once_in(3))
      w["arrivals"] = {{"gamma", {{"cv", 0.5 * d.pick(1, 8)}}}};
    if (d.once_in(6))
      w["max_concurrency"] = d.pick(1, 60);
    else if (d.once_in(6))
      w["wave"] = {{"period", d.seconds(5000, 60000)}, {"peak_to_average", 1 + 0.1 * d.pick(0, 10)}};
  }
  w["input_tokens"] = lengths(d, d.once_in(6) ? 30000 : 3000);
  w["output_tokens"] = lengths(d, 600);
  if (d.once_in(4)) w["shared_prefix"] = {{"tokens", d.pick(1, 2000)}, {"texts", d.pick(1, 10)}};
  if (!closed && d.once_in(4)) w["sessions"] = {{"turns", d.pick(1, 6)}, {"think_time", d.seconds(0, 20000)}};
  w["num_prompts"] = d.pick(1, 250);
}

Json workload(Dice& d, const std::vector<std::string>& models) {
  Json w = Json::object();
  if (d.once_in(4)) {
    for (int i = d.pick(1, 3); i > 0; --i) {
      Json t = {{"name", "t" + std::to_string(i)}, {"priority", d.pick(0, 3)}};
      if (models.size() > 1) t["model"] = d.word(models);
      add_load(d, t, false);
      t.erase("max_concurrency");
      if (d.once_in(2)) t["slo"] = {{"ttft", d.seconds(50, 2000)}};
      w["tenants"].push_back(std::move(t));
    }
  } else {
    add_load(d, w, d.once_in(3));
    if (!w.contains("shared_prefix") && !w.contains("sessions") && d.once_in(6))
      w["prefix_cache_hit_rate"] = 0.1 * d.pick(0, 10);
  }
  if (d.once_in(4)) w["warmup"] = d.seconds(0, 3000);
  return w;
}

Json faults(Dice& d, const std::string& pool) {
  Json f = {{"on_failure", d.word({"reroute", "reroute", "fail"})}, {"detection", d.seconds(0, 2000)}};
  for (int i = d.pick(0, 2); i > 0; --i) {
    Json e = {{"at", d.seconds(0, 20000)}, {"component", pool + "/node0/gpu" + std::to_string(d.pick(0, 3))}};
    if (d.once_in(2)) e["component"] = pool + "/node0";
    if (d.once_in(2)) e["repair_after"] = d.seconds(1, 20000);
    if (d.once_in(3)) e["notice"] = d.seconds(0, 5000);
    f["events"].push_back(std::move(e));
  }
  if (d.once_in(2)) {
    f["random"] = {{{"component", d.word({"gpu", "node", "nic"})},
                    {"mtbf", d.seconds(10000, 500000)},
                    {"mttr", d.seconds(100, 30000)}}};
  }
  return f;
}

Json clients(Dice& d) {
  Json c = {{"max_retries", d.pick(0, 3)}, {"backoff", d.seconds(0, 2000)}, {"server_notices", !d.once_in(4)}};
  if (d.once_in(2)) c["timeout"] = d.seconds(100, 30000);
  if (d.once_in(2)) c["first_token_timeout"] = d.seconds(50, 5000);
  if (d.once_in(2)) c["jitter"] = 0.1 * d.pick(0, 10);
  if (d.once_in(3)) {
    c["cancel_share"] = 0.1 * d.pick(1, 10);
    c["cancel_after"] = d.seconds(10, 10000);
  }
  return c;
}

Json gateway(Dice& d) {
  Json limit = {{"max_outstanding", d.pick(1, 60)}};
  if (d.once_in(2)) limit["max_outstanding_tokens"] = d.pick(1000, 100000);
  if (d.once_in(2)) limit["requests_per_second"] = 0.5 * d.pick(1, 40), limit["burst"] = d.pick(1, 20);
  if (d.once_in(2)) limit["tokens_per_minute"] = d.pick(1000, 1000000);
  return {{"limits", Json::array({limit})}};
}

}  // namespace

Json random_scenario(std::uint64_t seed) {
  Dice d(seed);
  const std::string model = d.word({"llama-3.1-8b", "llama-3.1-8b", "qwen3-30b-a3b", "gpt-oss-20b", "llama-3.3-70b"});
  const bool experts = model == "qwen3-30b-a3b" || model == "gpt-oss-20b";
  const bool apart = d.once_in(4), storage = d.once_in(3), two_models = !apart && d.once_in(6);
  Json s = {{"name", "random"}, {"seed", d.pick(1, 1000)}, {"model", model}};
  std::vector<std::string> models = {model};
  std::vector<std::string> roles =
      apart ? std::vector<std::string>{"prefill", "decode"} : std::vector<std::string>{"mixed"};
  if (two_models) roles.emplace_back("mixed"), models.emplace_back("llama-3.1-8b");
  for (std::size_t i = 0; i < roles.size(); ++i) {
    const std::string pool = "p" + std::to_string(i),
                      system = d.word({"hgx-h100", "hgx-h200", "hgx-b200", "gb200-nvl72"});
    Shape shape{1 << d.pick(0, 2), d.once_in(6) ? 2 : 1, experts && d.once_in(3) ? 2 : 1, d.pick(1, 4)};
    if (model == "llama-3.3-70b" && shape.tp < 2) shape.tp = 2;
    Json p = {{"name", pool}, {"system", system}, {"gpus", shape.gpus()}};
    if (d.once_in(5)) p["power"] = {{"gpu_cap", std::to_string(d.pick(400, 900)) + "W"}};
    if (d.once_in(6))
      p["throttle"] = {{{"from", d.seconds(0, 10000)}, {"to", d.seconds(10001, 40000)}, {"gpu_cap", "450W"}}};
    s["fleet"]["pools"].push_back(std::move(p));
    Json g = serving_group(d, pool, system, experts, shape, storage, roles[i]);
    if (two_models) g["model"] = models[i];
    s["serving"].push_back(std::move(g));
  }
  if (storage) s["fleet"]["storage"] = {{"servers", d.pick(1, 3)}, {"bandwidth", "25GBps"}};
  std::vector<std::string> routers;
  for (const auto& entry : sim::routers())
    if (entry.name != "slo_class" && (entry.name != "model" || two_models)) routers.push_back(entry.name);
  s["router"] = {{"policy", d.word(routers)}};
  if (d.once_in(4)) s["router"]["staleness"] = d.seconds(0, 1000);
  if (apart && d.once_in(3)) s["router"]["max_local_prefill_length"] = d.pick(1, 2000);
  s["workload"] = workload(d, models);
  if (d.once_in(3)) s["slo"] = {{"ttft", d.seconds(50, 3000)}, {"tpot", d.seconds(5, 100)}};
  if (d.once_in(4)) s["clients"] = clients(d);
  if (d.once_in(5)) s["gateway"] = gateway(d);
  if (d.once_in(3)) s["faults"] = faults(d, "p0");
  if (d.once_in(8)) s["upgrades"] = {{{"at", d.seconds(0, 10000)}, {"pool", "p0"}, {"downtime", d.seconds(0, 5000)}}};
  if (d.once_in(8)) s["what_if"] = {{"hbm_bandwidth", 0.5 * d.pick(1, 4)}, {"compute", 0.5 * d.pick(1, 4)}};
  return s;
}

std::string as_yaml(const Json& scenario) {
  std::string text = scenario.dump(1);
  const std::string quoted = "\"inf\"";
  for (auto at = text.find(quoted); at != std::string::npos; at = text.find(quoted, at))
    text.replace(at, quoted.size(), "inf");
  return text + "\n";
}

}  // namespace flotilla::fuzz
