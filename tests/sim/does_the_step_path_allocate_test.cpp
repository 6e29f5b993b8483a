// Memory comes from the heap when something new begins, never because time goes on: counted by a global operator new of
// one's own. SimGrid allocates its timers, one an event, so that events alone are measured first.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "tests/sim/fleet_of_one.hpp"

namespace {
std::int64_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace flotilla::sim;

namespace {

struct Counts {
  std::int64_t allocations = 0;
  std::int64_t events = 0;
  Counts operator-(const Counts& o) const { return {allocations - o.allocations, events - o.events}; }
};

Counts count(const Clock& clock) { return {allocations, static_cast<std::int64_t>(clock.events())}; }

/// What events alone cost, from now on: a party that does nothing but ask for the next.
Counts bare_events(Clock& clock, int events) {
  int left = events;
  int slot = -1;
  slot = clock.add_slot([&](double now) {
    if (--left > 0) clock.schedule(slot, now + 1e-5);
  });
  clock.schedule(slot, clock.now());
  const Counts before = count(clock);
  clock.run();
  return count(clock) - before;
}

/// A replica of short steps, so that a second of simulated time, for which the recorder keeps a number, is long.
class OneReplica {
 public:
  explicit OneReplica(std::function<void()> on_finished) : recorder_({}, 0) {
    auto times = std::make_shared<LinearTimes>();
    times->base = 1e-5;
    times->per_kv_token = 1e-11;
    times->per_prompt_token = 1e-9;
    ReplicaSpec spec;
    spec.cost = times;
    spec.scheduler = make_scheduler("vllm_v1", {});
    spec.kv_blocks = 100'000;
    spec.step_by_step = true;
    replica_ = std::make_unique<Replica>(std::move(spec), pool_, clock, recorder_);
    replica_->on_finished([this, on_finished = std::move(on_finished)](RequestHandle handle) {
      pool_.release(handle);
      on_finished();
    });
  }

  void send(std::int32_t input, std::int32_t output, bool after_steps) {
    const RequestHandle handle = pool_.allocate();
    Request& r = pool_[handle];
    r.wished_arrival = r.arrival = clock.now();
    r.input_tokens = input;
    r.output_tokens = output;
    recorder_.sent(clock.now());
    replica_->enqueue(handle, clock.now(), after_steps);
  }
  [[nodiscard]] std::int64_t in_flight() const { return recorder_.in_flight; }

  Clock clock;

 private:
  RequestPool pool_;
  Recorder recorder_;
  std::unique_ptr<Replica> replica_;
};

/// The counts between two dates of a run.
struct Window {
  Window(Clock& clock, double begin, double end)
      : from(clock.add_slot([&clock, this](double) { counts = count(clock); })),
        to(clock.add_slot([&clock, this](double) { counts = count(clock) - counts; })) {
    clock.schedule(from, begin);
    clock.schedule(to, end);
  }
  int from, to;
  Counts counts;
};

}  // namespace

TEST_CASE("decode steps that are walked one by one allocate nothing") {
  OneReplica one([] {});
  for (int i = 0; i < 64; ++i) one.send(100, 20'000, false);
  const Window window(one.clock, 0.01, 0.15);
  one.clock.run();
  CHECK(window.counts.events > 10'000);
  const Counts bare = bare_events(one.clock, static_cast<int>(window.counts.events));
  REQUIRE(bare.events == window.counts.events);
  CHECK(window.counts.allocations <= bare.allocations);
}

TEST_CASE("where requests come and go allocations do not follow the steps") {
  int sent = 0;
  int slot = -1;
  Clock* clock = nullptr;
  OneReplica one([&] { clock->schedule(slot, clock->now()); });
  clock = &one.clock;
  const auto send = [&] { one.send(100, 50 + sent++ % 100, true); };
  // As at the gateway: whoever takes the place of another comes behind the steps of the instant.
  slot = one.clock.add_slot([&](double) {
    while (one.in_flight() < 32 && sent < 5000) send();
  });
  one.clock.schedule(slot, 0);
  const Window window(one.clock, 0.02, 0.12);
  one.clock.run();
  const std::int64_t events = window.counts.events;
  CHECK(events > 3000);
  const Counts bare = bare_events(one.clock, static_cast<int>(events));
  REQUIRE(bare.events == events);
  // The queue takes a block of memory for every 128 requests; samples double theirs now and then.
  CHECK(window.counts.allocations - bare.allocations < events / 20);
}
