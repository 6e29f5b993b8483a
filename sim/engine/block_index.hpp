// Where a block is, by its name: a flat hash table. A prefix cache looks up, adds and drops names by the ten million,
// and a node of memory for each would be most of a run's time (measured: nine tenths of it).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace flotilla::sim {

class BlockIndex {
 public:
  static constexpr std::int32_t kNone = -1;

  [[nodiscard]] std::int32_t find(std::uint64_t name) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = home(name);; at = next(at)) {
      if (slots_[at].block == kNone) return kNone;
      if (slots_[at].name == name) return slots_[at].block;
    }
  }
  /// `name` must not be there yet.
  void insert(std::uint64_t name, std::int32_t block) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    ++size_;
    place(name, block);
  }
  /// `name` must be there.
  void erase(std::uint64_t name) {
    std::size_t at = home(name);
    while (slots_[at].name != name || slots_[at].block == kNone) at = next(at);
    // Those behind move up, as long as that brings them nearer to where they belong (Knuth, vol. 3, 6.4, algorithm R).
    for (std::size_t look = next(at); slots_[look].block != kNone; look = next(look)) {
      const std::size_t belongs = home(slots_[look].name);
      const bool stays = at < look ? at < belongs && belongs <= look : at < belongs || belongs <= look;
      if (stays) continue;
      slots_[at] = slots_[look];
      at = look;
    }
    slots_[at].block = kNone;
    --size_;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t name = 0;
    std::int32_t block = kNone;
  };

  /// The high bits of a product with 2^64 / the golden ratio: neighbouring names are scattered.
  [[nodiscard]] std::size_t home(std::uint64_t name) const {
    return static_cast<std::size_t>((name * 0x9E3779B97F4A7C15ULL) >> shift_);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  void place(std::uint64_t name, std::int32_t block) {
    std::size_t at = home(name);
    while (slots_[at].block != kNone) at = next(at);
    slots_[at] = {name, block};
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 64 : 2 * slots_.size()));
    shift_ = slots_.size() == 64 ? 58 : shift_ - 1;
    for (const Slot& slot : old)
      if (slot.block != kNone) place(slot.name, slot.block);
  }

  std::vector<Slot> slots_;  ///< a power of two of them, at most half in use
  std::size_t size_ = 0;
  int shift_ = 64;
};

}  // namespace flotilla::sim
