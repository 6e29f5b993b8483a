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

/// Whom a replica serves, or what a request asks for: indices into what the fleet has.
struct Serves {
  std::int32_t model = 0;
  std::int32_t slo_class = -1;  ///< -1 = none
  friend bool operator==(const Serves&, const Serves&) = default;
};

/// What a router may know of a replica when a request arrives.
struct ReplicaLoad {
  std::int64_t outstanding = 0;  ///< requests sent to it and not finished: waiting and running
  // For policies that look at more than counts:
  std::int64_t used_tokens = 0;   ///< room for tokens in the KV memory that sequences use
  std::int64_t kv_tokens = 0;     ///< all there is
  std::int64_t held_tokens = 0;   ///< of the prompt, in its prefix cache
  bool open = true;               ///< takes requests: it is neither down, nor starting, nor drained
  Serves serves = {};             ///< always the same
  std::int64_t max_num_seqs = 0;  ///< requests that it runs at once
};

/// What a router may know of the request.
struct RoutedRequest {
  std::int32_t input_tokens = 0;
  std::int64_t session = -1;  ///< -1 = none
  Serves wants = {};
};

/// How closely a policy looks at replicas: the closer, the more a choice costs.
enum class Look { kCounts, kMemory, kPrefixes };

/// What can be set of policies; each takes what it knows.
struct RouterOptions {
  double overlap_weight = 1;
  double temperature = 0;
  bool spill = false;
};

class Router {
 public:
  virtual ~Router() = default;
  [[nodiscard]] virtual Look looks_at() const { return Look::kCounts; }
  /// Called once, before anything else: the replicas, all of them idle.
  virtual void start(std::size_t /*replicas*/) {}
  /// A replica's load has changed, or it has opened or closed; for policies that keep an order of their own.
  virtual void changed(std::size_t /*replica*/, const ReplicaLoad& /*load*/) {}
  /// May the replica take such requests, when it is open?
  [[nodiscard]] virtual bool may_take(const ReplicaLoad& /*load*/, const RoutedRequest& /*request*/) const {
    return true;
  }
  /// Index of an open one of `replicas` that may take it, of which there is at least one; always the same fleet in the
  /// same order.
  virtual std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest& request) = 0;
};

/// How many are open, and which is the n-th of them (from 0).
std::size_t count_open(std::span<const ReplicaLoad> replicas);
std::size_t nth_open(std::span<const ReplicaLoad> replicas, std::size_t n);

struct RouterEntry {
  std::string name;
  std::string help;
  /// `seed` of the stream "routing".
  std::function<std::unique_ptr<Router>(std::uint64_t seed, const RouterOptions&)> make;
};
struct RouterRegistration {
  explicit RouterRegistration(RouterEntry entry);
};
const std::vector<RouterEntry>& routers();
std::vector<std::string> router_names();
std::unique_ptr<Router> make_router(const std::string& name, std::uint64_t seed, const RouterOptions& options = {});

}  // namespace flotilla::sim
