// Whom the gateway lets in at all: limits on what is in the fleet at once, and on rates, for everybody together or for
// one tenant. Who meets a limit is turned away at once.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sim/engine/request.hpp"

namespace flotilla::sim {

/// One limit; what is infinite does not limit.
struct GateLimit {
  std::int32_t tenant = -1;                                                 ///< -1 = of all requests together
  double max_outstanding = std::numeric_limits<double>::infinity();         ///< requests in the fleet
  double max_outstanding_tokens = std::numeric_limits<double>::infinity();  ///< their prompts and answers
  double requests_per_second = std::numeric_limits<double>::infinity();
  double burst = 1;  ///< requests that may come at once; a bucket of tokens, full at the beginning
  double tokens_per_minute =
      std::numeric_limits<double>::infinity();  ///< prompt and answer; a minute's may come at once
};

class AdmissionControl {
 public:
  explicit AdmissionControl(const std::vector<GateLimit>& limits);

  [[nodiscard]] bool any() const { return !gates_.empty(); }
  /// May it come in now? If so, it counts from now on.
  bool admit(const Request& r, double now);
  /// It has left the fleet.
  void left(const Request& r);

 private:
  /// Fills at a constant rate up to its size.
  struct Bucket {
    double rate = 0;
    double size = 0;
    double level = 0;
    double at = 0;
    void fill(double now);
  };
  struct Gate {
    GateLimit limit;
    double outstanding = 0;
    double tokens = 0;
    Bucket requests;
    Bucket budget;
  };
  [[nodiscard]] static bool concerns(const Gate& gate, const Request& r) {
    return gate.limit.tenant < 0 || gate.limit.tenant == r.tenant;
  }
  std::vector<Gate> gates_;
};

}  // namespace flotilla::sim
