// Where requests wait that found no replica open: first come, first sent among those that ask for the same. Those of
// one model do not hold up those of another.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

#include "sim/engine/request.hpp"
#include "sim/router/router.hpp"

namespace flotilla::sim {

class Lobby {
 public:
  struct Lane {
    Serves wants;
    std::deque<RequestHandle> queue;
  };

  void push(RequestHandle handle, const Serves& wants) {
    auto lane = std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& l) { return l.wants == wants; });
    if (lane == lanes_.end()) lane = lanes_.insert(lane, {wants, {}});
    lane->queue.push_back(handle);
    ++size_;
  }
  RequestHandle pop(Lane& lane) {
    const RequestHandle handle = lane.queue.front();
    lane.queue.pop_front();
    --size_;
    return handle;
  }
  /// It waits no more; false if it did not.
  bool drop(RequestHandle handle) {
    for (Lane& lane : lanes_) {
      if (std::erase(lane.queue, handle) == 0) continue;
      --size_;
      return true;
    }
    return false;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// That ask for this.
  [[nodiscard]] std::size_t waiting(const Serves& wants) const {
    std::size_t count = 0;
    for (const Lane& lane : lanes_) count += lane.wants == wants ? lane.queue.size() : 0;
    return count;
  }
  [[nodiscard]] std::vector<Lane>& lanes() { return lanes_; }
  [[nodiscard]] const std::vector<Lane>& lanes() const { return lanes_; }

 private:
  std::vector<Lane> lanes_;  ///< in the order in which somebody first waited there
  std::size_t size_ = 0;
};

}  // namespace flotilla::sim
