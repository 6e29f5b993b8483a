// Each replica in turn.
#include "sim/router/router.hpp"

namespace flotilla::sim {
namespace {

class RoundRobin final : public Router {
 public:
  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest&) override {
    std::size_t choice = next_;
    while (!replicas[choice].open) choice = (choice + 1) % replicas.size();
    next_ = (choice + 1) % replicas.size();
    return choice;
  }

 private:
  std::size_t next_ = 0;
};

const RouterRegistration kRegistration({"round_robin", "each replica in turn", [](std::uint64_t, const RouterOptions&) {
                                          return std::make_unique<RoundRobin>();
                                        }});

}  // namespace
}  // namespace flotilla::sim
