// Invariants hold in every run; a broken one stops it (exit code 70) and is a fault of Flotilla, never of the input.
#pragma once

#include <stdexcept>
#include <string>

namespace flotilla::sim {

class InvariantError : public std::logic_error {
 public:
  /// `name` is the invariant as docs/invariants.md lists it; `detail` the numbers that broke it.
  InvariantError(const std::string& name, const std::string& detail)
      : std::logic_error("invariant broken: " + name + ": " + detail) {}
  /// The same error, from the text of one that was thrown in another process.
  static InvariantError from_text(const std::string& text) { return InvariantError(text); }

 private:
  explicit InvariantError(const std::string& text) : std::logic_error(text) {}
};

}  // namespace flotilla::sim
