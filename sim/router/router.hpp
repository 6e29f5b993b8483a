// Which replica a request goes to: the interface of router policies.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace flotilla::sim {

/// What a router may know of a replica when a request arrives.
struct ReplicaLoad {
  std::int64_t outstanding = 0;  ///< requests sent to it and not finished: waiting and running
};

class Router {
 public:
  virtual ~Router() = default;
  /// Called once, before anything else: the replicas, all of them idle.
  virtual void start(std::size_t /*replicas*/) {}
  /// A replica's load has changed; for policies that keep an order of their own.
  virtual void changed(std::size_t /*replica*/, const ReplicaLoad& /*load*/) {}
  /// Index into `replicas`, which is never empty and always the same fleet in the same order.
  virtual std::size_t pick(std::span<const ReplicaLoad> replicas) = 0;
};

struct RouterEntry {
  std::string name;
  std::string help;
  std::function<std::unique_ptr<Router>(std::uint64_t seed)> make;  ///< `seed` of the stream "routing"
};
struct RouterRegistration {
  explicit RouterRegistration(RouterEntry entry);
};
const std::vector<RouterEntry>& routers();
std::unique_ptr<Router> make_router(const std::string& name, std::uint64_t seed);

}  // namespace flotilla::sim
