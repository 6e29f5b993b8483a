#include "sim/engine/waiting_queue.hpp"

#include <algorithm>
#include <utility>

#include "sim/engine/registry.hpp"

namespace flotilla::sim {

void FifoQueue::remove(RequestHandle handle) {
  if (queue_.front() == handle) {
    queue_.pop_front();
  } else {
    queue_.erase(std::find(queue_.begin(), queue_.end(), handle));
  }
}

QueueOrderRegistration::QueueOrderRegistration(QueueOrderEntry entry) {
  Registry<QueueOrderEntry>::instance().add(std::move(entry));
}

const std::vector<QueueOrderEntry>& queue_orders() { return Registry<QueueOrderEntry>::instance().entries(); }

std::vector<std::string> queue_order_names() { return Registry<QueueOrderEntry>::instance().names(); }

std::unique_ptr<WaitingQueue> make_queue(const std::string& order, RequestPool& pool,
                                         const QueueOrderOptions& options) {
  return Registry<QueueOrderEntry>::instance().at(order).make(pool, options);
}

}  // namespace flotilla::sim
