#include "analysis/size/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flotilla::analysis {

namespace {

constexpr const char* kNever = ", at any number of replicas";

/// The most replicas of `cost` each that together cost less than `limit`.
int most_below(double limit, double cost) {
  if (!std::isfinite(limit)) return kMostReplicas;
  return std::min(kMostReplicas, static_cast<int>(std::ceil(limit / cost * (1 - 1e-12))) - 1);
}

/// A step upwards that grows with the number of those taken, so that a bound far too low costs few simulations.
int next_after(int fails, int steps, int most) {
  const int step = std::max(1, fails * std::min(4, 1 << std::min(steps, 8)) / 4);
  return std::min(most, fails + step);
}

/// The least number between `low`, which does not hold or is below the bound, and `high`, which holds.
template <class Holds>
int bisect(int low, int high, Holds holds) {
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (holds(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

Candidate search_line(Trials& trials, double limit) {
  if (!trials.never().empty()) return trials.impossible(trials.never());
  const SizedGroup& group = trials.groups().front();
  const auto holds = [&](int replicas) { return trials.holds({replicas}); };
  const auto broken = [&](int replicas) { return trials.at({replicas}).broken; };
  const int most = most_below(limit, group.cost);
  if (most < group.fewest)
    return trials.dearer(fmt::format("its work alone takes {} replica{}", group.fewest, group.fewest == 1 ? "" : "s"));
  // Where another fleet has set a limit, the first question is whether any below it holds.
  if (std::isfinite(limit) && !holds(most)) {
    if (trials.hopeless({most})) return trials.impossible(broken(most) + kNever, {most});
    Candidate given_up = trials.dearer(broken(most) + fmt::format(" with {}, the most that would cost less", most));
    given_up.summary = trials.at({most}).first();
    return given_up;
  }
  int low = group.fewest - 1;  // fails, or is below the bound
  int high = std::isfinite(limit) ? most : group.fewest;
  for (int steps = 0; !holds(high); ++steps) {
    if (trials.hopeless({high})) return trials.impossible(broken(high) + kNever, {high});
    low = high;
    high = next_after(high, steps, most);
  }
  high = bisect(low, high, holds);
  // The bound is no proof: what is just below it is tried too.
  for (low = high - 1; low > 0 && holds(low); --low) high = low;
  return trials.found({high}, low > 0 ? broken(low) + fmt::format(" with {}", low) : "");
}

namespace {

/// Both numbers grow together. False where no pair will ever hold.
bool grow_until_held(Trials& trials, Counts& counts) {
  for (int steps = 0; !trials.holds(counts); ++steps) {
    if (trials.hopeless(counts)) return false;
    for (int& count : counts) count = next_after(count, steps, kMostReplicas);
  }
  return true;
}

/// What fails with one prefill or one decode replica fewer.
std::string binding_of(Trials& trials, const Counts& counts) {
  std::string text;
  for (std::size_t g = 0; g < counts.size(); ++g) {
    Counts fewer = counts;
    if (--fewer[g] == 0 || trials.holds(fewer)) continue;
    text += fmt::format("{}{} with {} {}", text.empty() ? "" : "; ", trials.at(fewer).broken, fewer[g],
                        trials.groups()[g].role);
  }
  return text;
}

}  // namespace

Candidate search_pair(Trials& trials, double limit) {
  if (!trials.never().empty()) return trials.impossible(trials.never());
  const SizedGroup& prefill = trials.groups()[0];
  const SizedGroup& decode = trials.groups()[1];
  if (trials.least_cost() >= limit) return trials.dearer("its work alone takes more");
  Counts best = trials.fewest();
  if (!grow_until_held(trials, best)) return trials.impossible(trials.at(best).broken + kNever, best);
  // No pair needs fewer of one than are needed beside plenty of the other.
  constexpr int kPlenty = 4;
  const Counts start = best;
  const int fewest_decode = bisect(decode.fewest - 1, start[1], [&](int decodes) {
    return trials.holds({kPlenty * start[0], decodes});
  });
  const int fewest_prefill = bisect(prefill.fewest - 1, start[0], [&](int prefills) {
    return trials.holds({prefills, kPlenty * start[1]});
  });
  // With so many prefill replicas: the fewest decode replicas, if that is cheaper than the best. False where it cannot
  // be, nor with more prefill replicas.
  const auto improve = [&](int prefills) {
    const int most = most_below(trials.cost(best) - prefills * prefill.cost, decode.cost);
    if (most < fewest_decode) return false;
    const auto holds = [&](int decodes) { return trials.holds({prefills, decodes}); };
    if (holds(most)) best = {prefills, bisect(fewest_decode - 1, most, holds)};
    return true;
  };
  for (int prefills = start[0]; prefills >= fewest_prefill; --prefills) improve(prefills);
  for (int prefills = start[0] + 1; improve(prefills);) ++prefills;
  if (trials.cost(best) >= limit)
    return trials.dearer(fmt::format("takes {} prefill and {} decode replicas", best[0], best[1]));
  return trials.found(best, binding_of(trials, best));
}

}  // namespace flotilla::analysis
