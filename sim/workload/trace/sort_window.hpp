// Puts rows in the order of time, stably, as long as none is more than a window's length out of place.
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "sim/workload/trace/row.hpp"

namespace flotilla::sim {

/// A ring of rows sorted by insertion: nothing moves while rows come in order. Rows keep their memory when they leave.
class SortWindow {
 public:
  static constexpr std::size_t kRows = 1024;

  SortWindow() : rows_(kRows), order_(kRows) { std::iota(order_.begin(), order_.end(), 0U); }

  [[nodiscard]] bool full() const { return size_ == kRows; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// A free row to fill in, then commit(); only if not full.
  [[nodiscard]] TraceRow& slot() { return rows_[at(size_)]; }
  /// Puts the slot in its place: behind those of the same time. True if it had to overtake others.
  bool commit() {
    std::size_t place = size_++;
    const bool late = place > 0 && rows_[at(place - 1)].time > rows_[at(place)].time;
    while (place > 0 && rows_[at(place - 1)].time > rows_[at(place)].time) {
      std::swap(at(place - 1), at(place));
      --place;
    }
    return late;
  }
  /// Exchanges the earliest row for `row`; only if not empty.
  void pop(TraceRow& row) {
    std::swap(rows_[at(0)], row);
    first_ = (first_ + 1) % kRows;
    --size_;
  }

 private:
  [[nodiscard]] std::uint32_t& at(std::size_t place) { return order_[(first_ + place) % kRows]; }

  std::vector<TraceRow> rows_;
  std::vector<std::uint32_t>
      order_;  ///< a ring of indices into rows_: first_ .. first_ + size_ are taken, the others free
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace flotilla::sim
