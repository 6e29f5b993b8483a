// What may be said of a key beyond its name and type.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace flotilla::reader {

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// For lists, maps and optionals the rules hold for each value inside. Quantities are never negative unless `min` says
/// so.
struct KeyRules {
  double min = -kNoLimit;  ///< inclusive, in the key's SI unit
  double max = kNoLimit;   ///< inclusive
  bool above_min = false;  ///< min itself is refused (a rate must be > 0)
  bool required = false;
  bool may_be_infinite = false;  ///< `inf` is a value (a request rate, say)
  std::string unit = {};         ///< for bare numbers, as shown to the reader: "tokens", "1/s"
  std::function<std::vector<std::string>()> choices =
      {};                                 ///< the names that are valid, where they come from a registry
  std::vector<std::string> aliases = {};  ///< other spellings that are read as this key
  std::string default_text =
      {};  ///< what an absent optional means ("as many as fit"); else the default itself is shown
};

}  // namespace flotilla::reader
