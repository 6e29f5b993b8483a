// Many pieces of work, several at once, each in a process of its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace flotilla::analysis {

/// How a piece of work ended: with a text, or with what it threw.
struct Work {
  bool done = false;
  std::string text;  ///< the result, or the message of the failure
};

struct CrewPlan {
  int jobs = 1;                                  ///< processes at once
  const std::atomic<bool>* interrupt = nullptr;  ///< set from outside (Ctrl-C)
};

/// Runs `work(i)` for each i of `items`, and tells `finished(i, how)` in this process as each ends, in whatever order.
/// What a piece throws, or dies of, fails that piece alone. False where the user interrupted: pieces under way are
/// given up and told to nobody.
bool run_all(const std::vector<std::size_t>& items, const CrewPlan& plan,
             const std::function<std::string(std::size_t)>& work,
             const std::function<void(std::size_t, const Work&)>& finished);

}  // namespace flotilla::analysis
