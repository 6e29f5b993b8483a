// Fair shares between tenants: the virtual token counter of Sheng et al., "Fairness in Serving Large Language Models"
// (OSDI 2024). Each tenant has a counter of the tokens it was served, an output token counting twice an input token as
// in the paper's evaluation; the tenant with the least goes first, within a tenant who came first. A tenant that comes
// back from having nobody in the queue is lifted to the least of those who wait, so that idleness saves nothing up.
//
// The paper counts an output token when it is made. Here they are counted when their sequence ends or is preempted:
// between two such events the order must not change. Requests that belong to nobody share a counter.
#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "sim/engine/waiting_queue.hpp"

namespace flotilla::sim {
namespace {

constexpr double kOutputWeight = 2;

class Fair final : public WaitingQueue {
 public:
  using WaitingQueue::WaitingQueue;

  void visit(const std::function<bool(RequestHandle)>& go_on) const override {
    std::vector<std::pair<double, std::int32_t>> order;
    for (const auto& [number, tenant] : tenants_) order.emplace_back(tenant.served, number);
    std::sort(order.begin(), order.end());
    for (const auto& [served, number] : order)
      for (const RequestHandle handle : tenants_.at(number).queue)
        if (!go_on(handle)) return;
  }
  void left(RequestHandle handle) override {
    Request& r = pool()[handle];
    tenants_[r.tenant].served += kOutputWeight * (r.generated - r.counted);
    r.counted = r.generated;
    if (!empty()) choose_front(next());
  }

 protected:
  void enter(RequestHandle handle) override {
    const Request& r = pool()[handle];
    Tenant& tenant = tenants_[r.tenant];
    if (tenant.queue.empty()) {
      double least = std::numeric_limits<double>::infinity();
      for (const auto& [number, other] : tenants_)
        if (!other.queue.empty()) least = std::min(least, other.served);
      if (least < std::numeric_limits<double>::infinity()) tenant.served = std::max(tenant.served, least);
    }
    tenant.queue.push_back(handle);
  }
  void enter_again(RequestHandle handle) override { tenants_[pool()[handle].tenant].queue.push_front(handle); }
  void remove(RequestHandle handle) override {
    std::deque<RequestHandle>& queue = tenants_[pool()[handle].tenant].queue;
    queue.erase(std::find(queue.begin(), queue.end(), handle));
  }
  void began(RequestHandle handle) override {
    const Request& r = pool()[handle];
    if (r.preemptions == 0 && r.failures == 0) tenants_[r.tenant].served += r.input_tokens;
  }
  [[nodiscard]] RequestHandle next() const override {
    const Tenant* first = nullptr;
    for (const auto& [number, tenant] : tenants_) {
      if (tenant.queue.empty()) continue;
      if (first == nullptr || tenant.served < first->served) first = &tenant;
    }
    return first->queue.front();
  }

 private:
  struct Tenant {
    double served = 0;
    std::deque<RequestHandle> queue;
  };
  std::map<std::int32_t, Tenant> tenants_;
};

const QueueOrderRegistration kRegistration({"fair", "the tenant that was served the fewest tokens first (VTC)",
                                            [](RequestPool& pool, const QueueOrderOptions&) {
                                              return std::make_unique<Fair>(pool);
                                            }});

}  // namespace
}  // namespace flotilla::sim
