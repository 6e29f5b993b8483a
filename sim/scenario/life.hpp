// What a user can say of a fleet that changes while it serves: parts that fail and are repaired, replicas that come and
// go with the load, upgrades.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/reader/schema.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::sim {

/// Servers beside the fleet that weights and images are loaded from, each with one NIC on the fabric.
struct StorageSpec {
  int servers = 1;
  BytesPerSecond bandwidth{0};
  static const reader::Schema<StorageSpec>& schema();
};

/// Where a replica that starts gets its weights.
enum class WeightsFrom { kNowhere, kStorage, kHost };
std::span<const std::pair<WeightsFrom, std::string_view>> enum_names(WeightsFrom);

/// What lies between the order for a replica and its first request.
struct StartupSpec {
  Seconds provisioning{0};
  Bytes image{0};
  std::optional<WeightsFrom> weights_from;
  Seconds engine_start{0};
  static const reader::Schema<StartupSpec>& schema();
};

enum class ScalePolicy { kConcurrency, kQueueLength, kKvUsage, kTtft, kScheduled, kPredictive };
std::span<const std::pair<ScalePolicy, std::string_view>> enum_names(ScalePolicy);

struct ScheduledReplicas {
  Seconds at{0};
  int replicas = 1;
  static const reader::Schema<ScheduledReplicas>& schema();
};

/// How many replicas of a serving group there are, by what they have to do.
struct AutoscaleSpec {
  ScalePolicy policy = ScalePolicy::kConcurrency;
  int min_replicas = 1;
  std::optional<int> max_replicas;
  std::optional<double> target;
  std::optional<Seconds> target_ttft;
  Seconds interval{15};
  Seconds stabilization{300};
  double tolerance = 0.1;
  int warm_spares = 0;
  std::vector<ScheduledReplicas> schedule;
  Seconds period{86400};
  Seconds lookahead{120};
  static const reader::Schema<AutoscaleSpec>& schema();
};

/// A part that fails at a stated time, or is slower for a while.
struct FaultEventSpec {
  Seconds at{0};
  std::string component;
  std::optional<Seconds> repair_after;
  Seconds notice{0};
  double bandwidth = 0;
  static const reader::Schema<FaultEventSpec>& schema();
};

/// All parts of one kind, each failing and being repaired at random.
struct RandomFaultSpec {
  std::string component;
  std::string pool;
  Seconds mtbf{0};
  Seconds mttr{0};
  Seconds notice{0};
  double bandwidth = 0;
  static const reader::Schema<RandomFaultSpec>& schema();
};

enum class OnFailure { kReroute, kFail };
std::span<const std::pair<OnFailure, std::string_view>> enum_names(OnFailure);

struct FaultsSpec {
  OnFailure on_failure = OnFailure::kReroute;
  Seconds detection{0};
  std::vector<FaultEventSpec> events;
  std::vector<RandomFaultSpec> random;
  static const reader::Schema<FaultsSpec>& schema();
};

/// Replicas of a pool are restarted a few at a time.
struct UpgradeSpec {
  Seconds at{0};
  std::string pool;
  int at_once = 1;
  Seconds downtime{0};
  static const reader::Schema<UpgradeSpec>& schema();
};

}  // namespace flotilla::sim
