// By priority, the lower first, then by arrival, as vLLM V1 under --scheduling-policy priority
// (vllm/v1/core/sched/{request_queue,scheduler}.py, release 0.11): where memory runs out the running sequence with the
// highest number is preempted, among equals the latest to arrive, and it waits at its own place in the queue.
#include "sim/engine/waiting_queue.hpp"

namespace flotilla::sim {
namespace {

const QueueOrderRegistration kRegistration(
    {"priority", "the tenant's priority, the lower first; the highest number is preempted first (vLLM)",
     [](RequestPool& pool, const QueueOrderOptions&) {
       return std::make_unique<KeyedQueue>(pool, [](const Request& r) { return static_cast<double>(r.priority); });
     }});

}  // namespace
}  // namespace flotilla::sim
