// Jumping over decode steps must give what walking through them gives: every timestamp to the bit, every counter.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <sstream>
#include <string>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {

/// Everything an outcome holds, in hexadecimal floats; the number of preemptions first.
std::string fingerprint(const Outcome& o) {
  std::ostringstream out;
  // Whoever comes is answered or refused.
  if (o.completed + o.rejected + o.failed + o.timed_out + o.cancelled != o.sent)
    throw std::logic_error("somebody was forgotten: " + std::to_string(o.unfinished) + " of " + std::to_string(o.sent));
  out << o.books.preemptions << '\n' << std::hexfloat;
  for (const std::int64_t id : o.order) out << id << ' ';
  for (const auto& [id, r] : o.requests) {
    out << '\n'
        << id << ' ' << r.arrival << ' ' << r.enqueued << ' ' << r.scheduled << ' ' << r.first_token << ' '
        << r.last_token << ' ' << r.attempts << ' ' << r.preemptions << ' ' << r.prefilled << ' ' << r.decode_replica
        << ' ' << r.failures;
  }
  const ReplicaBooks& b = o.books;
  out << '\n'
      << b.steps << ' ' << b.mixed_steps << ' ' << b.preemptions << ' ' << b.output_tokens << ' ' << b.prefill_tokens
      << ' ' << b.kv_block_seconds << ' ' << b.kv_peak_blocks << ' ' << b.busy.memory << ' ' << b.busy.compute << ' '
      << b.joules_above_idle << ' ' << b.peak_above_idle << '\n'
      << o.rejected << ' ' << o.timed_out << ' ' << o.cancelled << ' ' << o.retries << ' ' << b.swaps << ' '
      << b.stored_tokens << ' ' << b.fetched_from_host << ' ' << o.peak_tokens_per_second << ' ' << o.itl_median << ' '
      << o.itl_count;
  out << '\n' << o.hand_off.count << ' ' << o.hand_off.times.mean() << ' ' << o.hand_off.wait_sum;
  for (const LinkFacts& link : o.links)
    out << '\n' << link.link << ' ' << link.bytes << ' ' << link.busiest_second_bytes;
  return out.str();
}

/// In a process of its own: SimGrid has one clock per process.
std::string fingerprint_in_child(const Setup& setup, const std::vector<Arrival>& arrivals) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    std::string text;
    try {
      text = fingerprint(simulate_list(setup, arrivals));
    } catch (const std::exception& e) {
      text = std::string("threw: ") + e.what();
    }
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = write(ends[1], text.data() + done, text.size() - done);
      if (n <= 0) break;
      done += static_cast<std::size_t>(n);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n = read(ends[0], buffer, sizeof buffer); n > 0; n = read(ends[0], buffer, sizeof buffer)) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  close(ends[0]);
  waitpid(pid, nullptr, 0);
  return text;
}

/// The first line in which two fingerprints differ, of each; equal where none does.
std::pair<std::string, std::string> first_difference(const std::string& one, const std::string& other) {
  std::istringstream a(one), b(other);
  std::string line_a, line_b;
  do {
    if (!std::getline(a, line_a)) line_a.clear();
    if (!std::getline(b, line_b)) line_b.clear();
  } while (line_a == line_b && (a || b));
  return {line_a, line_b};
}

struct Case {
  Setup setup;
  std::vector<Arrival> arrivals;
};

/// Rolls dice, always in the same order: a seed is a case.
class RandomCase {
 public:
  explicit RandomCase(std::uint64_t seed) : engine_(seed) {}

  Case make() {
    fleet();
    times();
    caps();
    hand_off();
    arrivals();
    texts();
    outages();
    orders();
    clients();
    gate();
    memory();
    return std::move(case_);
  }

 private:
  int pick(int low, int high) { return low + static_cast<int>(engine_() % static_cast<std::uint64_t>(high - low + 1)); }

  void fleet() {
    const auto& policies = schedulers();
    case_.setup.scheduler = policies[static_cast<std::size_t>(pick(0, static_cast<int>(policies.size()) - 1))].name;
    case_.setup.router = pick(0, 1) == 0 ? "round_robin" : "least_loaded";
    case_.setup.limits.max_num_batched_tokens = pick(0, 1) == 0 ? 8192 : pick(40, 400);
    case_.setup.limits.max_num_seqs = pick(2, 40);
    case_.setup.block_size = 1 << pick(0, 5);
    case_.setup.kv_blocks = pick(300, 3000) / case_.setup.block_size + 1;
    case_.setup.replicas = pick(1, 3);
    case_.setup.max_concurrency = pick(0, 2) == 0 ? pick(1, 30) : 0;
    case_.setup.times.base = 0.01 * pick(1, 100);
    case_.setup.times.per_sequence = 0.001 * pick(0, 5);
    case_.setup.times.per_kv_token = 1e-5 * pick(0, 20);
    case_.setup.times.per_prompt_token = 1e-4 * pick(0, 20);
    // Every few cases arrivals fall on a coarse grid, so that many coincide with each other and with boundaries.
    grid_ = pick(0, 2) == 0;
    if (grid_) {
      case_.setup.times.base = 0.25;
      case_.setup.times.per_sequence = case_.setup.times.per_kv_token = 0;
      case_.setup.times.per_prompt_token = 0.25;
    }
  }

  void times() {
    if (pick(0, 3) == 0) case_.setup.times.valid_until = pick(50, 2000);
    if (pick(0, 1) == 0) {
      case_.setup.window = {pick(1, 200), pick(0, 1) == 0};
      case_.setup.times.per_window_token = 1e-5 * pick(0, 20);
      case_.setup.times.per_window_pair = 1e-6 * pick(0, 20);
    }
    if (pick(0, 1) == 0) {  // TensorRT-LLM's alone
      case_.setup.limits.batch_wait_max_tokens_ratio = 0.05 * pick(1, 20);
      case_.setup.limits.batch_wait_timeout_iters = pick(1, 30);
    }
    if (pick(0, 2) == 0) case_.setup.limits.max_chunk_tokens = pick(20, 200);
    if (pick(0, 2) == 0) case_.setup.frontend = {grid_ ? 0.25 : 1e-3 * pick(0, 500), grid_ ? 0 : 1e-4 * pick(0, 100)};
    if (pick(0, 1) == 0) case_.setup.limits.reserve_full_isl = true;  // vLLM's alone
    if (pick(0, 2) == 0) case_.setup.cached_share = 0.1 * pick(1, 10);
  }

  void caps() {
    for (int i = 0; i < 4 && (i > 0 || pick(0, 1) == 0); ++i) {  // caps that begin and end
      flotilla::models::CappedGpu gpu{{100, 500, 700, 400, 300}, 1 + 0.25 * pick(0, 4), 1 + 0.25 * pick(0, 4)};
      case_.setup.caps.emplace_back(i == 0 ? 0 : case_.setup.caps.back().first + (grid_ ? 0.25 : 0.01) * pick(1, 400),
                                    gpu);
    }
  }

  void hand_off() {
    if (pick(0, 2) == 0) {
      case_.setup.decode_replicas = pick(1, 2);
      case_.setup.decode_kv_blocks = pick(300, 3000) / case_.setup.block_size + 1;
      case_.setup.tensor_parallel_size = pick(1, 8);
      case_.setup.sending.overhead = grid_ ? 0.25 : 1e-3 * pick(0, 900);
      case_.setup.sending.efficiency = pick(0, 1) == 0 ? 1e-4 * pick(1, 100) : 1;  // so that flows meet
      case_.setup.sending.push = pick(0, 1) == 0;
      if (case_.setup.sending.push) case_.setup.sending.overlap = static_cast<KvOverlap>(pick(0, 2));
    }
  }

  void arrivals() {
    double at = 0;
    for (int i = 0; i < 120; ++i) {
      at += grid_ ? 0.25 * pick(0, 4) : 1e-3 * pick(0, 2000);
      case_.arrivals.push_back({at, pick(1, 150), pick(1, 120)});
    }
  }

  void texts() {
    if (case_.setup.cached_share == 0 && pick(0, 1) == 0) {
      // Texts begin as earlier ones did, up to somewhere; some are known beyond the prompt.
      case_.setup.keeps_prefixes = true;
      std::uint64_t fresh = 1;
      for (std::size_t i = 0; i < case_.arrivals.size(); ++i) {
        Arrival& a = case_.arrivals[i];
        const int known = a.input + (pick(0, 1) == 0 ? a.output : 0);
        if (i > 0 && pick(0, 3) > 0) {
          a.names = case_.arrivals[static_cast<std::size_t>(pick(0, static_cast<int>(i) - 1))].names;
          a.names.resize(std::min(a.names.size(), static_cast<std::size_t>(pick(0, 150 / case_.setup.block_size + 1))));
        }
        a.names.resize(std::min(a.names.size(), static_cast<std::size_t>(known / case_.setup.block_size)));
        while (a.names.size() < static_cast<std::size_t>(known / case_.setup.block_size)) a.names.push_back(fresh++);
      }
    }
  }

  void outages() {
    if (pick(0, 2) == 0) {
      case_.setup.lost_requests_fail = pick(0, 3) == 0;
      for (int replica = 0; replica < case_.setup.replicas + case_.setup.decode_replicas; ++replica) {
        double up_since = 0;
        for (int i = pick(0, 3); i > 0; --i) {
          const double from = up_since + (grid_ ? 0.25 * pick(1, 200) : 1e-3 * pick(1, 60000));
          up_since = from + (grid_ ? 0.25 * pick(1, 60) : 1e-3 * pick(1, 20000));
          case_.setup.outages.push_back({replica, from, up_since});
        }
      }
    }
  }

  void orders() {
    if (pick(0, 1) == 0) {
      const auto& orders = queue_orders();
      case_.setup.queue_order = orders[static_cast<std::size_t>(pick(0, static_cast<int>(orders.size()) - 1))].name;
      case_.setup.prediction_error = 0.1 * pick(0, 10);
      for (Arrival& a : case_.arrivals) {
        a.tenant = pick(0, 2);
        a.priority = pick(0, 2);
        if (pick(0, 1) == 0) a.ttft_promise = 0.25 * pick(1, 40);
      }
    }
  }

  void clients() {
    if (pick(0, 2) == 0) {
      ClientHabits& h = case_.setup.clients;
      if (pick(0, 1) == 0) h.timeout = (grid_ ? 0.25 : 0.01) * pick(20, 4000);
      if (pick(0, 1) == 0) h.first_token_timeout = (grid_ ? 0.25 : 0.01) * pick(20, 1000);
      h.max_retries = pick(0, 3);
      h.backoff = grid_ ? 0.25 * pick(0, 8) : 1e-3 * pick(0, 3000);
      h.jitter = grid_ ? 0 : 0.1 * pick(0, 10);
      if (pick(0, 2) == 0) {
        h.cancel_share = 0.1 * pick(1, 5);
        h.cancel_after = 0.1 * pick(1, 200);
      }
      h.server_notices = pick(0, 3) > 0;
    }
  }

  void gate() {
    if (pick(0, 3) == 0) {
      GateLimit limit;
      limit.tenant = pick(-1, 2);
      if (pick(0, 1) == 0) limit.max_outstanding = pick(2, 40);
      if (pick(0, 1) == 0) limit.max_outstanding_tokens = pick(300, 9000);
      if (pick(0, 1) == 0) limit.requests_per_second = 0.1 * pick(1, 40);
      if (pick(0, 1) == 0) limit.tokens_per_minute = pick(1000, 20000);
      case_.setup.gate.push_back(limit);
    }
  }

  void memory() {
    case_.setup.limits.watermark_blocks = pick(0, 1) == 0 ? 0 : case_.setup.kv_blocks / 50;
    case_.setup.limits.max_utilization = pick(0, 1) == 0;
    if (pick(0, 1) == 0) case_.setup.limits.long_prefill_token_threshold = pick(10, 200);
    case_.setup.limits.max_num_partial_prefills = pick(0, 3);
    if (case_.setup.decode_replicas == 0 && pick(0, 1) == 0) {
      if (pick(0, 1) == 0) case_.setup.scheduler = "vllm_v0";
      case_.setup.limits.swap = true;
      case_.setup.host_blocks = pick(1, 3000) / case_.setup.block_size + 1;
    }
    if (case_.setup.keeps_prefixes && case_.setup.decode_replicas == 0 && pick(0, 1) == 0)
      case_.setup.offload_blocks = pick(1, 6000) / case_.setup.block_size + 1;
    if (pick(0, 3) == 0) {
      // Whole prompts: no longer than a step.
      case_.setup.limits.enable_chunked_prefill = false;
      case_.setup.limits.max_num_batched_tokens = std::max(case_.setup.limits.max_num_batched_tokens, 150);
      case_.setup.limits.max_chunk_tokens = std::max(case_.setup.limits.max_chunk_tokens, 150);
    }
    if (pick(0, 1) == 0) case_.setup.eviction = PrefixCache::Eviction::kLeastFrequentlyUsed;
    case_.setup.limits.async_scheduling = pick(0, 1) == 0;
    if (pick(0, 2) == 0) {  // some layers free what lies before their window
      case_.setup.layout = {pick(1, 2), pick(1, 5), pick(1, 8), 1};
      case_.setup.kv_blocks *= case_.setup.layout.groups();
      case_.setup.decode_kv_blocks *= case_.setup.layout.groups();
    }
  }

  std::mt19937_64 engine_;
  Case case_;
  bool grid_ = false;  ///< all dates are multiples of a quarter of a second
};

}  // namespace

TEST_CASE("random workloads, policies, memories and preemptions: jumping equals walking, to the bit") {
  int preempting = 0, moving = 0, finding = 0, ordered = 0, impatient = 0, swapping = 0, fetching = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Case c = RandomCase(seed).make();
    const std::string jumped = fingerprint_in_child(c.setup, c.arrivals);
    c.setup.step_by_step = true;
    const std::string walked = fingerprint_in_child(c.setup, c.arrivals);
    REQUIRE_MESSAGE(jumped.rfind("threw", 0) != 0, jumped);
    if (const auto [a, b] = first_difference(jumped, walked); a != b) {
      CAPTURE(c.setup.decode_replicas);
      CAPTURE(c.setup.scheduler);
      FAIL("jumped: ", a, "\nwalked: ", b);
    }
    preempting += std::stoll(jumped) > 0 ? 1 : 0;
    moving += c.setup.decode_replicas > 0 ? 1 : 0;
    finding += c.setup.keeps_prefixes ? 1 : 0;
    ordered += c.setup.queue_order != "fcfs" ? 1 : 0;
    impatient += c.setup.clients.matter() ? 1 : 0;
    fetching += c.setup.offload_blocks > 0 ? 1 : 0;
    swapping += c.setup.host_blocks > 0 && c.setup.scheduler == "vllm_v0" ? 1 : 0;
  }
  CHECK(moving > 50);
  CHECK(finding > 80);
  CHECK(ordered > 100);
  CHECK(impatient > 60);
  CHECK(swapping > 30);
  CHECK(fetching > 25);
  CHECK(preempting > 10);  // the cases reach into preemption
}

TEST_CASE("the boundaries of a stretch are the sum of its steps within 1e-9") {
  flotilla::models::DecodeCost cost;
  cost.base = 0.0123;
  cost.slope = 3.7e-8;
  const Stretch s = Stretch::begin(1000.0, cost, 64, 64 * 1100);
  double naive = 1000.0;
  for (int k = 1; k <= 8000; ++k) {
    naive += cost.base + cost.slope * (64.0 * 1100 + 64.0 * (k - 1));
    CHECK(std::abs(s.boundary(k) - naive) < 1e-9 * naive);
  }
}

TEST_CASE("in windowed layers each step reads more by the views that grow") {
  // 2 s, 0.5 s per token, 0.25 s per windowed token. 3 sequences with 10 tokens; 7 of them seen, by two views that
  // grow. Steps: 2 + 5 + 1.75 = 8.75, then 2 + 6.5 + 2.25 = 10.75, then 12.75: 8.75, 19.5, 32.25.
  flotilla::models::DecodeCost cost;
  cost.base = cost.base_by_cause.host = 2;
  cost.slope = cost.slope_by_cause.memory = 0.5;
  cost.window_slope = cost.window_slope_by_cause.compute = 0.25;
  Stretch s = Stretch::begin(0, cost, 3, 10, 7, 2);
  CHECK(s.boundary(1) == 8.75);
  CHECK(s.boundary(2) == 19.5);
  CHECK(s.boundary(3) == 32.25);
  s.steps = 3;
  CHECK(s.time_by_cause().host == 6);
  CHECK(s.time_by_cause().memory == 0.5 * (10 + 13 + 16));
  CHECK(s.time_by_cause().compute == 0.25 * (7 + 9 + 11));
}

TEST_CASE("the first boundary from a date is found to the bit") {
  flotilla::models::DecodeCost cost;
  cost.base = 0.01;
  cost.slope = 1e-7;
  const Stretch s = Stretch::begin(5.0, cost, 32, 32 * 500);
  for (std::int64_t k = 1; k < 500; ++k) {
    CHECK(s.first_boundary_from(s.boundary(k), 1) == k);
    CHECK(s.first_boundary_from(std::nextafter(s.boundary(k), 1e9), 1) == k + 1);
    CHECK(s.first_boundary_from(0, k) == k);
  }
}
