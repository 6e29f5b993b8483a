// What a fleet's life has in store: dated deeds in one calendar slot, in the order in which they were noted where dates
// are equal.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "sim/engine/clock.hpp"

namespace flotilla::sim {

class Agenda {
 public:
  using Deed = std::function<void(double now)>;
  explicit Agenda(Clock& clock) : clock_(clock), slot_(clock.add_slot([this](double now) { due(now); })) {}
  Agenda(const Agenda&) = delete;
  Agenda& operator=(const Agenda&) = delete;

  void at(double date, Deed deed) {
    if (closed_) return;
    entries_.push({date, order_++, std::move(deed)});
    clock_.schedule(slot_, entries_.top().date);
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// Nothing more happens.
  void close() {
    closed_ = true;
    entries_ = {};
    clock_.cancel(slot_);
  }

 private:
  struct Entry {
    double date;
    std::uint64_t order;
    Deed deed;
    bool operator>(const Entry& o) const { return date != o.date ? date > o.date : order > o.order; }
  };
  void due(double now) {
    while (!entries_.empty() && entries_.top().date <= now) {
      const Deed deed = entries_.top().deed;
      entries_.pop();
      deed(now);
    }
    if (!entries_.empty()) clock_.schedule(slot_, entries_.top().date);
  }

  Clock& clock_;
  int slot_;
  std::uint64_t order_ = 0;
  bool closed_ = false;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
};

}  // namespace flotilla::sim
