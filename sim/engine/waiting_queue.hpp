// Who of those that wait is next: the interface of queue orders (sim/scheduler/order/, a file each), and the two shapes
// that most of them have. A policy sees the first of the queue alone.
//
// An order may change its mind only when somebody comes or goes: between two such events the engine jumps over steps
// without asking.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/engine/prefix_cache.hpp"
#include "sim/engine/request.hpp"

namespace flotilla::sim {

class WaitingQueue {
 public:
  explicit WaitingQueue(RequestPool& pool) : pool_(pool) {}
  virtual ~WaitingQueue() = default;
  WaitingQueue(const WaitingQueue&) = delete;
  WaitingQueue& operator=(const WaitingQueue&) = delete;

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Valid while the queue is not empty.
  [[nodiscard]] RequestHandle front() const { return front_; }

  void push(RequestHandle handle) {
    ++size_;
    pool_[handle].waiting = true;
    enter(handle);
    front_ = next();
  }
  /// It ran, and waits again.
  void put_back(RequestHandle handle) {
    ++size_;
    pool_[handle].waiting = true;
    enter_again(handle);
    front_ = next();
  }
  /// The first begins to run.
  void pop_front() {
    pool_[front_].waiting = false;
    --size_;
    remove(front_);
    began(front_);
    front_ = empty() ? kNoRequest : next();
  }
  /// It waits no more, and did not begin.
  void drop(RequestHandle handle) {
    pool_[handle].waiting = false;
    --size_;
    remove(handle);
    front_ = empty() ? kNoRequest : next();
  }
  /// Empties the queue; in its order.
  std::vector<RequestHandle> take_all() {
    std::vector<RequestHandle> all;
    all.reserve(size_);
    while (!empty()) {
      all.push_back(front_);
      drop(front_);
    }
    return all;
  }

  /// In the queue's order, until `go_on` says no.
  virtual void visit(const std::function<bool(RequestHandle)>& go_on) const = 0;
  /// What the prefix cache holds has changed, or the queue has.
  virtual void look_at(const PrefixCache& /*cache*/, int /*block_size*/) {}
  /// Does look_at() say who is first?
  [[nodiscard]] virtual bool chooses_anew() const { return false; }
  /// A sequence that ran has ended, or was preempted.
  virtual void left(RequestHandle /*handle*/) {}
  /// Has the queue an order of its own, by which running sequences are preempted, too? Then: does `a` come after `b`?
  [[nodiscard]] virtual bool ranks() const { return false; }
  [[nodiscard]] virtual bool after(RequestHandle /*a*/, RequestHandle /*b*/) const { return false; }

 protected:
  virtual void enter(RequestHandle handle) = 0;
  virtual void enter_again(RequestHandle handle) = 0;
  virtual void remove(RequestHandle handle) = 0;
  virtual void began(RequestHandle /*handle*/) {}
  /// The first; asked only where there is one.
  [[nodiscard]] virtual RequestHandle next() const = 0;
  void choose_front(RequestHandle handle) { front_ = handle; }
  [[nodiscard]] RequestPool& pool() { return pool_; }
  [[nodiscard]] const RequestPool& pool() const { return pool_; }

 private:
  RequestPool& pool_;
  std::size_t size_ = 0;
  RequestHandle front_ = kNoRequest;
};

/// In the order of arrival; who ran before is first again.
class FifoQueue : public WaitingQueue {
 public:
  using WaitingQueue::WaitingQueue;
  void visit(const std::function<bool(RequestHandle)>& go_on) const override {
    for (const RequestHandle handle : queue_)
      if (!go_on(handle)) return;
  }

 protected:
  void enter(RequestHandle handle) override { queue_.push_back(handle); }
  void enter_again(RequestHandle handle) override { queue_.push_front(handle); }
  void remove(RequestHandle handle) override;
  [[nodiscard]] RequestHandle next() const override { return queue_.front(); }
  [[nodiscard]] const std::deque<RequestHandle>& queue() const { return queue_; }

 private:
  std::deque<RequestHandle> queue_;
};

/// By a key that each request has from the beginning, the least first; among equals by arrival.
class KeyedQueue final : public WaitingQueue {
 public:
  using Key = std::function<double(const Request&)>;
  KeyedQueue(RequestPool& pool, Key key) : WaitingQueue(pool), key_(std::move(key)) {}
  void visit(const std::function<bool(RequestHandle)>& go_on) const override {
    for (const Entry& entry : queue_)
      if (!go_on(entry.handle)) return;
  }
  [[nodiscard]] bool ranks() const override { return true; }
  [[nodiscard]] bool after(RequestHandle a, RequestHandle b) const override { return entry(b) < entry(a); }

 protected:
  void enter(RequestHandle handle) override { queue_.insert(entry(handle)); }
  void enter_again(RequestHandle handle) override { queue_.insert(entry(handle)); }
  void remove(RequestHandle handle) override { queue_.erase(entry(handle)); }
  [[nodiscard]] RequestHandle next() const override { return queue_.begin()->handle; }

 private:
  struct Entry {
    double key;
    std::int64_t id;  ///< counts in the order of arrival
    RequestHandle handle;
    bool operator<(const Entry& o) const {
      if (key != o.key) return key < o.key;
      return id != o.id ? id < o.id : handle < o.handle;  // a retry beside its first attempt
    }
  };
  [[nodiscard]] Entry entry(RequestHandle handle) const {
    const Request& r = pool()[handle];
    return {key_(r), r.id, handle};
  }

  Key key_;
  std::set<Entry> queue_;
};

/// What can be set of orders; each takes what it knows.
struct QueueOrderOptions {
  double prediction_error = 0;  ///< standard deviation of the logarithm of predicted over true lengths
  std::uint64_t seed = 0;       ///< of the stream "predictions"
};

/// An order registers itself by name, with a line of help, from its own file.
struct QueueOrderEntry {
  std::string name;
  std::string help;
  std::function<std::unique_ptr<WaitingQueue>(RequestPool&, const QueueOrderOptions&)> make;
};
struct QueueOrderRegistration {
  explicit QueueOrderRegistration(QueueOrderEntry entry);
};
/// All orders, sorted by name.
const std::vector<QueueOrderEntry>& queue_orders();
std::vector<std::string> queue_order_names();
/// Throws std::out_of_range for an unknown name: the scenario has checked it.
std::unique_ptr<WaitingQueue> make_queue(const std::string& order, RequestPool& pool,
                                         const QueueOrderOptions& options = {});

}  // namespace flotilla::sim
