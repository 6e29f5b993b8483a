// One request on its way through the fleet, and the pool that holds those in flight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace flotilla::sim {

/// Index into the RequestPool; stable while the request is in flight.
using RequestHandle = std::int32_t;
inline constexpr RequestHandle kNoRequest = -1;

enum class RequestStatus : std::uint8_t { kCompleted, kRejected, kFailed, kUnfinished, kTimedOut, kCancelled };

inline const char* to_text(RequestStatus status) {
  constexpr const char* kTexts[] = {"completed", "rejected", "failed", "unfinished", "timed_out", "cancelled"};
  return kTexts[static_cast<std::size_t>(status)];
}

/// Times are seconds of simulated time; lengths are tokens.
struct Request {
  std::int64_t id = 0;
  double wished_arrival =
      0;                  ///< when the client wanted to send; earlier than arrival where max_concurrency held it back
  double arrival = 0;     ///< when it was sent
  double let_in = 0;      ///< when it could go to its replica: later than arrival where memory is taken for it first
  double enqueued = 0;    ///< when the engine's loop could first see it: later than arrival by the frontend's time
  double scheduled = -1;  ///< first time a step took it
  double prefilled = -1;  ///< when its prompt was computed, if its KV then moved to another replica
  double first_token = -1;
  double last_token = -1;  ///< time of its latest output token while it is not decoding
  std::int32_t input_tokens = 0;
  std::int32_t output_tokens = 0;
  std::int32_t cached_tokens = 0;  ///< of the input, found in the prefix cache when it was first admitted: not computed
  std::int32_t replica = -1;       ///< that it was sent to
  std::int32_t decode_replica = -1;  ///< that its KV moved to, if it did
  std::int32_t preemptions = 0;
  std::int32_t failures = 0;    ///< times that it lost its replica
  std::int32_t attempts = 0;    ///< of its client that came to nothing, before this one
  std::int64_t session = -1;    ///< of a conversation; -1 = none
  std::int32_t tenant = -1;     ///< index among the workload's tenants; -1 = none
  std::int32_t model = 0;       ///< that it asks for: index among the fleet's
  std::int32_t slo_class = -1;  ///< index among the fleet's; -1 = none
  std::int32_t priority = 0;    ///< the lower goes first where a policy looks at it, as in vLLM
  double deadline = std::numeric_limits<double>::infinity();  ///< by which its first token is promised

  // The replica's own books.
  std::int32_t output_here = 0;  ///< output tokens after which it leaves this replica: all, or one if its KV moves then
  /// Output tokens that were made before it was sent to its replica: their KV is computed anew with the prompt.
  std::int32_t carried = 0;
  std::int32_t generated = 0;  ///< output tokens so far (while decoding: as of when it joined the decoding set)
  std::int32_t computed = 0;   ///< tokens whose KV is stored (while decoding: as of when it joined)
  std::int32_t prefill_target =
      0;  ///< tokens to compute before it decodes: the input, and after a preemption its output so far
  std::int32_t found_tokens = 0;  ///< that the prefix cache holds, as of when the queue's head was last looked at
  bool held = false;              ///< its prompt is computed, and its KV waits to move to another replica
  bool waiting = false;           ///< in its replica's queue
  bool abandoned = false;         ///< its client is gone, and counted: nobody wants what is still made of it
  bool to_stop = false;           ///< and its replica knows
  bool admitted = false;          ///< the gateway counts it in the fleet
  bool paused = false;            ///< its client will try again, and has nothing under way
  /// Does a tier beside GPU memory hold more of its prompt? Looked up once, when it is first in the queue.
  enum class Fetching : std::uint8_t { kUnknown, kWanted, kDone } fetching = Fetching::kUnknown;
  std::int32_t offloaded = 0;           ///< blocks of its text that were sent to tiers beside GPU memory
  bool swapped = false;                 ///< its KV is in host memory, until there is room on the GPU again
  bool whole_prompt_memory = false;     ///< while in prefill it has memory for all of its prompt, not just its chunks
  std::int32_t counted = 0;             ///< output tokens that its tenant's fair share has been charged for
  std::int64_t joined_at = -1;          ///< decode step counter when it joined the decoding set; -1 = not decoding
  std::uint64_t admission = 0;          ///< rank in the order of admission to the running set
  RequestHandle previous = kNoRequest;  ///< neighbours in the running set
  RequestHandle next = kNoRequest;

  [[nodiscard]] bool decoding() const { return joined_at >= 0; }
  /// Tokens that it has memory for while it is in prefill or about to move.
  [[nodiscard]] std::int32_t stored() const { return whole_prompt_memory ? prefill_target : computed; }
  /// Tokens to compute before it makes its first one here.
  [[nodiscard]] std::int32_t prompt() const { return input_tokens + carried; }
};

/// Records of requests in flight; freed slots are used again, so memory follows the backlog, not the trace.
class RequestPool {
 public:
  RequestHandle allocate() {
    if (free_.empty()) {
      requests_.emplace_back();
      return static_cast<RequestHandle>(requests_.size()) - 1;
    }
    const RequestHandle handle = free_.back();
    free_.pop_back();
    requests_[static_cast<std::size_t>(handle)] = Request{};
    if (static_cast<std::size_t>(handle) < texts_.size()) texts_[static_cast<std::size_t>(handle)].names.clear();
    return handle;
  }
  void release(RequestHandle handle) {
    (*this)[handle].id = -1;
    free_.push_back(handle);
  }
  [[nodiscard]] Request& operator[](RequestHandle handle) { return requests_[static_cast<std::size_t>(handle)]; }
  [[nodiscard]] const Request& operator[](RequestHandle handle) const {
    return requests_[static_cast<std::size_t>(handle)];
  }

  /// Ranks of admission count over all replicas: none is ever given again, though handles are.
  [[nodiscard]] std::uint64_t next_admission() { return ++admissions_; }

  /// What is known of a request's text.
  struct Text {
    std::vector<std::uint64_t> names;  ///< of its blocks, from the front: of the engine's block size
    std::vector<std::int32_t> blocks;  ///< of those, that it refers to in its replica's prefix cache
  };
  [[nodiscard]] Text& text(RequestHandle handle) {
    if (texts_.size() < requests_.size()) texts_.resize(requests_.size());
    return texts_[static_cast<std::size_t>(handle)];
  }

 private:
  std::vector<Request> requests_;
  std::vector<RequestHandle> free_;
  std::uint64_t admissions_ = 0;
  std::vector<Text> texts_;  ///< none where nobody asks for any
};

}  // namespace flotilla::sim
