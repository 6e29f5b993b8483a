// What enters the next step: the interface of scheduler policies, and the planner through which they see and decide.
//
// A policy is a pure decision over the state of one replica. It keeps no memory of its own between steps, so that a
// decision that changed nothing would be made again: while only the contexts of decoding sequences grow, the engine
// need not ask. A plan that preempted or swapped is the exception: the step after it is always planned anew. A policy
// that makes prompts wait for a number of steps leaves the counting to the planner, which also knows when the wait is
// over.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/engine/batch.hpp"

namespace flotilla::sim {

struct PrefillChunk {
  RequestHandle request;
  std::int32_t tokens;
};

/// Limits that every engine has.
struct SchedulerLimits {
  int max_num_batched_tokens = 8192;   ///< tokens of one step
  int max_num_seqs = 1024;             ///< sequences that run at once
  bool enable_chunked_prefill = true;  ///< a prompt may be spread over several steps
  bool reserve_full_isl = false;       ///< a prompt enters only if all of it fits into the free memory
  int max_chunk_tokens =
      std::numeric_limits<int>::max();  ///< of one prompt in one step: it lives on one attention rank
  int tokens_per_decode = 1;  ///< that a decoding sequence has computed in a step: drafts are verified along with it
  /// Prompts wait until those at hand and the decoding sequences fill this share of max_num_batched_tokens, but for no
  /// more than so many steps. Either 0: nobody waits.
  double batch_wait_max_tokens_ratio = 0;
  int batch_wait_timeout_iters = 0;
  int long_prefill_token_threshold = 0;  ///< a longer prompt has no more tokens than this in a step; 0 = no limit
  int max_num_partial_prefills = 0;      ///< prompts in prefill at once; 0 = no limit
  double watermark = 0;                  ///< share of the KV blocks that must stay free when a prompt is let in
  std::int64_t watermark_blocks = 0;     ///< the same in blocks of this replica
  bool max_utilization = false;          ///< TensorRT-LLM: admits what fits now, and preempts
  bool swap = false;                     ///< KV of who is preempted goes to host memory
  /// A step is planned when the one before it begins: who comes meanwhile is in the step after it. vLLM calls this
  /// async scheduling, SGLang and TensorRT-LLM the overlap scheduler.
  bool async_scheduling = false;
};

/// The step that is being planned, and what a policy may do to it. One per replica, used again for each step.
class StepPlanner {
 public:
  explicit StepPlanner(Batch& batch) : batch_(batch) {}

  // The view.
  [[nodiscard]] std::int64_t running() const { return batch_.running(); }
  [[nodiscard]] std::int64_t decoding() const { return batch_.decoding().size(); }
  /// Prompts that will not be whole after this step, as it is planned so far.
  [[nodiscard]] std::int64_t partial_prefills() const;
  /// New blocks that the decoding sequences need in this step.
  [[nodiscard]] std::int64_t blocks_to_decode() const { return batch_.decoding().blocks_needed(1); }
  [[nodiscard]] std::int64_t free_blocks() const { return batch_.kv().free(); }
  [[nodiscard]] bool nobody_waits() const { return batch_.waiting().empty() || first_came_too_late(); }
  /// What is found of its prompt is found now: decoding sequences may just have taken the memory of some of it.
  [[nodiscard]] const Request& first_waiting() const {
    batch_.look_up_first();
    return batch_.pool()[batch_.waiting().front()];
  }
  /// Prompt tokens that the first of the queue has to compute (after a preemption: its output so far, too).
  [[nodiscard]] std::int32_t first_waiting_tokens() const {
    return first_waiting().input_tokens - first_waiting().found_tokens + first_waiting().generated;
  }
  /// Blocks for all that the first of the queue has to store before it decodes.
  [[nodiscard]] std::int64_t first_waiting_blocks() const {
    return batch_.kv().blocks_for(first_waiting().input_tokens + first_waiting().generated) -
           batch_.blocks_shared_with_first();
  }
  /// Does it have to wait for a step that has room for all of it? Not where it is longer than any: who was let in
  /// before and has made tokens since may be, after a preemption.
  [[nodiscard]] bool first_waiting_must_be_whole(const SchedulerLimits& limits, std::int32_t budget) const {
    const std::int32_t prompt = first_waiting_tokens();
    return !limits.enable_chunked_prefill && prompt > budget && prompt <= limits.max_num_batched_tokens;
  }
  /// Is there memory for them now?
  [[nodiscard]] bool first_waiting_prompt_fits() const { return first_waiting_blocks() <= batch_.kv().free(); }
  /// Tokens of the first of the queue that running sequences hold for it.
  [[nodiscard]] std::int64_t first_waiting_shared_tokens() const {
    batch_.look_up_first();
    return batch_.kv().block_size() * batch_.blocks_shared_with_first() / batch_.kv().layout().full;
  }
  /// KV tokens that running sequences have neither stored nor, being in prefill, are about to. Where a window frees
  /// some, as if all were of one sequence.
  [[nodiscard]] std::int64_t free_tokens() const {
    return batch_.kv().longest() - batch_.claimed_tokens();
  }
  /// Output tokens that the decoding sequences are still to make.
  [[nodiscard]] std::int64_t remaining_output_tokens() const { return batch_.decoding().remaining_tokens(); }
  [[nodiscard]] bool preempted() const { return preempted_; }
  /// Has this step a prefill in it so far?
  [[nodiscard]] bool prefilling() const { return !chunks_.empty(); }
  /// Tokens of prompts that this step could take: running prefills go on, then the first `seqs` of the queue enter as
  /// long as they fit to their ends, each with at most `most` tokens, whole unless `chunked`. Stops counting at
  /// `enough`.
  [[nodiscard]] std::int64_t prompt_tokens_at_hand(std::int32_t budget, std::int32_t most, bool chunked,
                                                   std::int64_t seqs, double enough) const;
  /// Steps for which prompts that this step could take have been made to wait, since they were last let in.
  [[nodiscard]] std::int64_t steps_waited() const { return waited_; }
  /// Would every running sequence and the first of the queue reach their ends in the memory there is?
  [[nodiscard]] bool first_waiting_fits_to_its_end() const {
    const Request& r = first_waiting();
    return batch_.committed_blocks() + batch_.kv().blocks_for(r.input_tokens + r.output_here - 1) -
               batch_.blocks_shared_with_first() <=
           batch_.kv().total();
  }

  /// Does KV wait in host memory?
  [[nodiscard]] bool nobody_is_swapped() const { return batch_.swapped().empty(); }
  [[nodiscard]] std::int64_t blocks_to_swap_in() const { return batch_.blocks_to_swap_in(batch_.swapped().front()); }

  // The decisions.
  /// Every decoding sequence makes a token in this step; where memory is short, running sequences are preempted, as
  /// preempt_by() says, until it suffices. Returns the tokens used.
  std::int32_t decode_all();
  /// Running prefills go on, in the order of admission, within the token budget; one that finds no memory preempts the
  /// last admitted. Each takes no more than `most` tokens. Returns the tokens used.
  std::int32_t continue_prefills(std::int32_t budget, std::int32_t most);
  /// The first of the queue enters with a chunk of this many tokens; false if memory is short (then nothing has
  /// changed).
  bool admit(std::int32_t tokens, const EntryRules& rules = {});
  /// The first of those in host memory comes back and decodes in this step. It must fit.
  void swap_in();
  /// Who goes where memory is short in this step: by default the last in rank (Batch::last_in_rank()).
  enum class Victim { kLastInRank, kFewestOutputTokens };
  /// What becomes of it: it is computed again, or its KV waits in host memory, if there is room.
  enum class Preemption { kRecompute, kSwap };
  void preempt_by(Victim victim, Preemption mode = Preemption::kRecompute) {
    victim_ = victim;
    mode_ = mode;
  }
  /// Prompts wait in this step, as they will in those that follow until `most` steps are waited or somebody arrives or
  /// leaves.
  void wait(std::int64_t most) { wait_left_ = most - waited_; }
  void end_wait() { waited_ = 0; }

  // For the replica.
  /// A plan for a step that begins now, made at `made_at`: it sees who had come by then.
  void begin(double now, double made_at);
  /// Is the first of the queue not seen by this plan?
  [[nodiscard]] bool first_came_too_late() const;
  /// Would a newcomer who enqueued then be?
  [[nodiscard]] bool sees(double enqueued) const { return enqueued <= made_at_; }
  [[nodiscard]] bool plans_nothing() const { return chunks_.empty() && !decode_planned_ && swaps_.empty(); }
  [[nodiscard]] bool decode_planned() const { return decode_planned_; }
  [[nodiscard]] const std::vector<PrefillChunk>& chunks() const { return chunks_; }
  [[nodiscard]] std::int64_t preemptions() const { return preemptions_; }
  /// Sequences may go to host memory up to so many blocks.
  void set_host_blocks(std::int64_t blocks) { host_blocks_ = blocks; }
  /// Sequences that this step moves to host memory or back before it computes.
  struct Swap {
    RequestHandle request;
    bool out;
  };
  [[nodiscard]] const std::vector<Swap>& swaps() const { return swaps_; }
  /// Might the policy decide otherwise at the very next step, though nothing else has changed by then?
  [[nodiscard]] bool plans_anew() const { return preempted_ || !swaps_.empty(); }
  /// Does a prompt wait that this step could have taken? Then any arrival may change that.
  [[nodiscard]] bool waiting() const { return wait_left_ != kNoWait; }
  /// Steps that go by, this one included, before the wait is over.
  [[nodiscard]] std::int64_t wait_left() const { return wait_left_; }

 private:
  static constexpr std::int64_t kNoWait = std::numeric_limits<std::int64_t>::max();
  RequestHandle preempt_one();
  [[nodiscard]] RequestHandle victim() const;

  Batch& batch_;
  Victim victim_ = Victim::kLastInRank;
  Preemption mode_ = Preemption::kRecompute;
  std::int64_t host_blocks_ = 0;
  std::vector<Swap> swaps_;
  std::vector<PrefillChunk> chunks_;
  double now_ = 0;
  double made_at_ = std::numeric_limits<double>::infinity();
  bool decode_planned_ = false;
  bool preempted_ = false;
  std::int64_t preemptions_ = 0;
  std::int64_t waited_ = 0;
  std::int64_t wait_left_ = kNoWait;
  std::int64_t planned_at_ = 0;  ///< decode steps that had been made when the latest step was planned
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual void plan(StepPlanner& step) const = 0;
  /// May a sequence come whose KV was computed by another replica? There is free memory for its prompt.
  [[nodiscard]] virtual bool may_receive(const Batch& /*batch*/, const Request& /*request*/) const { return true; }
};

/// A policy registers itself by name, with a line of help, from its own file.
struct SchedulerEntry {
  std::string name;
  std::string help;
  std::function<std::unique_ptr<Scheduler>(const SchedulerLimits&)> make;
  /// Which of the keys that not every policy has it knows: their names in the scenario.
  std::vector<std::string> keys = {};
  /// Does it cut prompts? Else whole prompts enter, whatever the engine's default. Empty: as the engine does.
  std::optional<bool> chunked_prefill = {};
  double watermark = 0;  ///< that is its own, if none is stated
};
struct SchedulerRegistration {
  explicit SchedulerRegistration(SchedulerEntry entry);
};
/// All policies, sorted by name.
const std::vector<SchedulerEntry>& schedulers();
/// Throw std::out_of_range for an unknown name: the scenario has checked it.
const SchedulerEntry& scheduler_entry(const std::string& name);
std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerLimits&);

}  // namespace flotilla::sim
