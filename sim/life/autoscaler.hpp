// How many replicas of a serving group there shall be: the decision alone, look by look.
//
// As Kubernetes' horizontal pod autoscaler decides (kubernetes.io, "Horizontal Pod Autoscaling", algorithm details):
// replicas * (what each has / what each shall have), rounded up; nothing changes while that ratio is within a tolerance
// of 1; replicas go only to the most that was wanted during a stabilization window.
#pragma once

#include <cstdint>
#include <deque>

#include "sim/scenario/life.hpp"

namespace flotilla::sim {

/// What a group looks like, summed over its replicas that take requests.
struct GroupLook {
  double time = 0;
  int replicas = 0;           ///< that take requests
  std::int64_t requests = 0;  ///< in them, and at the gateway for want of one
  std::int64_t waiting = 0;   ///< of those, not yet taken by a step
  std::int64_t homeless = 0;  ///< of those, at the gateway
  double kv_usage = 0;        ///< 0..1, of all of them together
  double mean_ttft = -1;      ///< seconds, of requests that ended since the last look; negative: none did
  std::int64_t arrivals = 0;  ///< since the last look
};

class Autoscaler {
 public:
  /// `most`: as many as there is room for.
  Autoscaler(const AutoscaleSpec& spec, int most) : spec_(spec), most_(most) {}
  /// Replicas that there shall be now, of which `active` are there or starting.
  int wanted(const GroupLook& look, int active);

 private:
  [[nodiscard]] double raw(const GroupLook& look, int active);
  [[nodiscard]] double by_ratio(double found, double target, double replicas, int active) const;
  [[nodiscard]] double forecast(const GroupLook& look);
  [[nodiscard]] int scheduled(double time) const;

  struct Wish {
    double time;
    int replicas;
  };
  struct Rate {
    double time;
    double per_s;
  };
  AutoscaleSpec spec_;
  int most_;
  std::deque<Wish> wishes_;
  std::deque<Rate> rates_;
  double last_look_ = 0;
};

}  // namespace flotilla::sim
