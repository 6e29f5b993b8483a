#include "sim/router/by_model.hpp"

#include <utility>

#include "sim/workload/rng.hpp"

namespace flotilla::sim {

namespace {

class RouterByModel final : public Router {
 public:
  RouterByModel(std::vector<std::unique_ptr<Router>> routers, std::span<const Serves> replicas) {
    for (auto& router : routers) parts_.push_back({std::move(router), {}, {}});
    for (std::size_t i = 0; i < replicas.size(); ++i) {
      Part& part = parts_[static_cast<std::size_t>(replicas[i].model)];
      places_.push_back({&part - parts_.data(), part.replicas.size()});
      part.replicas.push_back(i);
    }
  }

  [[nodiscard]] Look looks_at() const override { return parts_.front().router->looks_at(); }

  void start(std::size_t) override {
    for (Part& part : parts_) {
      part.loads.resize(part.replicas.size());
      part.router->start(part.replicas.size());
    }
  }

  void changed(std::size_t replica, const ReplicaLoad& load) override {
    const Place& place = places_[replica];
    Part& part = parts_[static_cast<std::size_t>(place.part)];
    part.loads[place.number] = load;
    part.router->changed(place.number, load);
  }

  [[nodiscard]] bool may_take(const ReplicaLoad& load, const RoutedRequest& request) const override {
    return load.serves.model == request.wants.model && part_of(request).router->may_take(load, request);
  }

  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest& request) override {
    Part& part = parts_[static_cast<std::size_t>(request.wants.model)];
    // Of changes of what else a policy looks at nobody is told.
    if (looks_at() != Look::kCounts)
      for (std::size_t i = 0; i < part.replicas.size(); ++i) part.loads[i] = replicas[part.replicas[i]];
    return part.replicas[part.router->pick(part.loads, request)];
  }

 private:
  struct Part {
    std::unique_ptr<Router> router;
    std::vector<std::size_t> replicas;  ///< that serve this model: their numbers in the fleet
    std::vector<ReplicaLoad> loads;     ///< of those
  };
  struct Place {
    std::ptrdiff_t part;
    std::size_t number;  ///< in it
  };
  [[nodiscard]] const Part& part_of(const RoutedRequest& request) const {
    return parts_[static_cast<std::size_t>(request.wants.model)];
  }
  std::vector<Part> parts_;
  std::vector<Place> places_;  ///< by number in the fleet
};

}  // namespace

std::unique_ptr<Router> make_router(const std::string& policy, std::uint64_t seed, const std::string& stream,
                                    const RouterOptions& options, std::span<const std::string> models,
                                    std::span<const Serves> replicas) {
  if (models.size() == 1) return make_router(policy, stream_seed(seed, stream), options);
  std::vector<std::unique_ptr<Router>> routers;
  for (const std::string& model : models)
    routers.push_back(make_router(policy, stream_seed(seed, stream + " of " + model), options));
  return std::make_unique<RouterByModel>(std::move(routers), replicas);
}

}  // namespace flotilla::sim
