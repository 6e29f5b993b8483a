// By the date at which the first token is promised: arrival and the promised TTFT (slo.ttft, or the tenant's own).
// Who was promised nothing comes last, in the order of arrival.
#include "sim/engine/waiting_queue.hpp"

namespace flotilla::sim {
namespace {

const QueueOrderRegistration kRegistration({"earliest_deadline", "the first whose promised TTFT ends goes first",
                                            [](RequestPool& pool, const QueueOrderOptions&) {
                                              return std::make_unique<KeyedQueue>(
                                                  pool, [](const Request& r) { return r.deadline; });
                                            }});

}  // namespace
}  // namespace flotilla::sim
