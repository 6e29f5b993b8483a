// What a replica tells of the one request whose story is asked for.
#include <fmt/format.h>

#include "sim/engine/replica.hpp"

namespace flotilla::sim {

namespace {

double ms(double seconds) { return 1000 * seconds; }

std::string plural(std::int64_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

}  // namespace

void Replica::tell_arrival(RequestHandle handle, double now) {
  told_ = handle;
  told_preemptions_ = pool_[handle].preemptions;
  std::int64_t before = 0;
  batch_.waiting().visit([&](RequestHandle other) {
    if (other == handle) return false;
    ++before;
    return true;
  });
  spec_.story->tell(now, fmt::format("replica {}: in the queue behind {}; {}, {} of {} KV blocks free", spec_.number,
                                     plural(before, "other"), plural(batch_.running(), "running sequence"),
                                     batch_.kv().free() - blocks_of_jump(now), batch_.kv().total()));
}

std::string Replica::why_it_waits() const {
  if (!batch_.swapped().empty()) return "KV of preempted sequences waits in host memory, and goes first";
  if (!planner_.sees(pool_[told_].enqueued)) return "this step was planned before it came (async scheduling)";
  const bool first = batch_.waiting().front() == told_;
  const std::string who =
      first ? "it is first in the queue, but " : fmt::format("others are before it ({}), and ", spec_.queue_order);
  if (planner_.preempted()) return who + "somebody was preempted in this step: nobody new enters";
  if (batch_.running() >= spec_.max_num_seqs)
    return who + fmt::format("max_num_seqs ({}) sequences run", spec_.max_num_seqs);
  if (planner_.waiting()) return who + "prompts are held back until a step has more of them (batch waiting)";
  const std::int64_t needs = planner_.first_waiting_blocks();
  if (needs > batch_.kv().free()) return who + fmt::format("its prompt takes {} KV blocks, more than are free", needs);
  if (!planner_.first_waiting_fits_to_its_end())
    return who + "with all that run it would not fit to its end (that is what some policies ask)";
  return who + "the step's tokens are used up, or the policy lets nobody in now";
}

void Replica::tell_plan(double now) {
  const Request& r = pool_[told_];
  if (!spec_.story->is_about(r)) {
    told_ = kNoRequest;
    return;
  }
  if (r.preemptions > told_preemptions_) {
    told_preemptions_ = r.preemptions;
    spec_.story->tell(
        now, fmt::format("preempted after {}: {} of {} KV blocks are free now, and it was the last in rank; {}",
                         plural(r.generated, "output token"), batch_.kv().free(), batch_.kv().total(),
                         r.swapped ? "its KV goes to host memory" : "its KV is lost and computed again"));
  }
  if (r.waiting) spec_.story->waits(now, why_it_waits());
}

/// A step with prefill in it begins.
void Replica::tell_step(double now, const models::CauseTimes& times) {
  const Request& r = pool_[told_];
  std::int64_t own = 0, others = 0;
  for (const PrefillChunk& chunk : planner_.chunks()) (chunk.request == told_ ? own : others) += chunk.tokens;
  if (own == 0) {
    if (r.decoding()) spec_.story->shared_a_step(times.total(), others);
    return;
  }
  spec_.story->waits_no_more(now);
  std::string found;
  if (r.computed == r.found_tokens && r.found_tokens > 0)
    found = fmt::format(" ({} found in the prefix cache)", plural(r.found_tokens, "token"));
  spec_.story->tell(
      now, fmt::format("step of {:.1f} ms: tokens {} to {} of {} to compute{}, beside {} and {} of others' prompts "
                       "({:.1f} ms memory, {:.1f} compute, {:.1f} communication, {:.1f} host)",
                       ms(times.total()), r.computed + 1, r.computed + own, r.prefill_target, found,
                       plural(mixed_decodes_, "decoding sequence"), plural(others, "token"), ms(times.memory),
                       ms(times.compute), ms(times.communication), ms(times.host)));
}

void Replica::tell_end(const Request& r, double now) {
  told_ = kNoRequest;
  const Story& story = *spec_.story;
  std::string shared;
  if (story.shared_steps() > 0) {
    shared = fmt::format("; while it decoded, {} ({:.1f} ms) also or only computed {} of others' prompts",
                         plural(story.shared_steps(), "step"), ms(story.shared_seconds()),
                         plural(story.shared_prompt_tokens(), "token"));
  }
  spec_.story->tell(
      now, fmt::format("last of {}; TTFT {:.1f} ms, {}end to end {:.1f} ms{}", plural(r.output_tokens, "output token"),
                       ms(r.first_token - r.arrival),
                       r.output_tokens > 1
                           ? fmt::format("TPOT {:.2f} ms, ", ms(r.last_token - r.first_token) / (r.output_tokens - 1))
                           : "",
                       ms(r.last_token - r.arrival), shared));
}

}  // namespace flotilla::sim
