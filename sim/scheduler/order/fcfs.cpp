// First come, first served; who was preempted is first again: every engine's default.
#include "sim/engine/waiting_queue.hpp"

namespace flotilla::sim {
namespace {

const QueueOrderRegistration kRegistration({"fcfs", "first come, first served",
                                            [](RequestPool& pool, const QueueOrderOptions&) {
                                              return std::make_unique<FifoQueue>(pool);
                                            }});

}  // namespace
}  // namespace flotilla::sim
