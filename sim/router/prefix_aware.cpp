// Overlap against load, as NVIDIA Dynamo's KV router weighs them (docs.nvidia.com/dynamo, "KV Router", release 0.4):
//
//   cost = overlap_weight * (prompt tokens that the replica would have to compute) + (tokens that its sequences hold)
//
// What its sequences hold, or those that it was sent will hold when their prompts are computed, whichever is more: a
// queue holds nothing yet, and would be overlooked. (Dynamo, too, counts what it has sent and not seen end.) Of those
// that were sent and have not left the prompts are not told apart: one that leaves takes the mean of them with it.
//
// There in blocks; the least cost wins, among equals the fewest outstanding requests. With a temperature T the choice
// is drawn, with chances in proportion to exp(-x / T), x the cost on a scale from 0 (least) to 1 (most): what is known
// is old, and the best replica must not get everybody.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "sim/router/router.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {
namespace {

class PrefixAware final : public Router {
 public:
  PrefixAware(std::uint64_t seed, const RouterOptions& options) : options_(options), engine_(seed) {}
  [[nodiscard]] Look looks_at() const override { return Look::kPrefixes; }

  void start(std::size_t replicas) override { sent_.assign(replicas, {}); }
  void changed(std::size_t replica, const ReplicaLoad& load) override {
    if (replica >= sent_.size()) return;
    Sent& sent = sent_[replica];
    if (load.outstanding < sent.outstanding)
      sent.tokens *= static_cast<double>(load.outstanding) / static_cast<double>(sent.outstanding);
    sent.outstanding = load.outstanding;
  }

  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest& request) override {
    costs_.clear();
    std::size_t best = nth_open(replicas, 0);
    for (std::size_t i = 0; i < replicas.size(); ++i) {
      if (!replicas[i].open) {
        costs_.push_back(std::numeric_limits<double>::infinity());
        continue;
      }
      const auto missing = static_cast<double>(request.input_tokens - replicas[i].held_tokens);
      costs_.push_back(options_.overlap_weight * missing +
                       std::max(static_cast<double>(replicas[i].used_tokens), sent_tokens(i)));
      const bool fewer = replicas[i].outstanding < replicas[best].outstanding;
      if (i == best || costs_[i] < costs_[best] || (costs_[i] == costs_[best] && fewer)) best = i;
    }
    const std::size_t choice = options_.temperature > 0 ? draw(costs_[best]) : best;
    if (choice < sent_.size()) sent_[choice].tokens += request.input_tokens;
    return choice;
  }

 private:
  std::size_t draw(double least) {
    double most = least;
    for (const double cost : costs_) most = std::isfinite(cost) ? std::max(most, cost) : most;
    const double range = most - least;
    double sum = 0;
    for (double& cost : costs_) {
      const double x = std::isinf(cost) ? cost : range > 0 ? (cost - least) / range : 0;
      cost = sum += std::exp(-x / options_.temperature);
    }
    const double at = sum * draw_unit(engine_);
    const auto found = std::upper_bound(costs_.begin(), costs_.end(), at);
    return std::min(static_cast<std::size_t>(found - costs_.begin()), costs_.size() - 1);
  }

  [[nodiscard]] double sent_tokens(std::size_t replica) const {
    return replica < sent_.size() ? sent_[replica].tokens : 0;
  }

  /// To one replica, and not left.
  struct Sent {
    std::int64_t outstanding = 0;
    double tokens = 0;  ///< of their prompts
  };
  std::vector<Sent> sent_;
  RouterOptions options_;
  RandomEngine engine_;
  std::vector<double> costs_;
};

const RouterRegistration kRegistration({"prefix_aware",
                                        "least cost of computing what its prefix cache lacks and of what it holds "
                                        "(Dynamo); overlap_weight, temperature",
                                        [](std::uint64_t seed, const RouterOptions& options) {
                                          return std::make_unique<PrefixAware>(seed, options);
                                        }});

}  // namespace
}  // namespace flotilla::sim
