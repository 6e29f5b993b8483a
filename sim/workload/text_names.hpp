// Names for the blocks of texts that nobody has written: what is said to be alike gets the same names, all else gets
// names of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/workload/rng.hpp"
#include "sim/workload/spec.hpp"

namespace flotilla::sim {

inline constexpr std::int64_t kTextBlock = 16;  ///< tokens of a block that is named, as vLLM's are

/// Texts that begin with one of a few prefixes and go on in their own way.
class TextNames {
 public:
  TextNames(const LoadSpec& spec, std::uint64_t seed);

  /// Tokens of the prefix that every prompt has on top of its own; 0 without one.
  [[nodiscard]] std::int32_t prefix_tokens() const { return prefix_tokens_; }
  /// Which prefix a text begins with.
  [[nodiscard]] std::int32_t draw_prefix();
  /// Names of the first `tokens` tokens of the text called `own` behind that prefix; of its last block, too, where it
  /// is cut.
  void fill(std::int32_t prefix, std::int64_t own, std::int64_t tokens, std::vector<std::uint64_t>& names) const;

 private:
  std::int32_t prefix_tokens_ = 0;
  std::int64_t prefixes_ = 1;
  RandomEngine engine_;
};

}  // namespace flotilla::sim
