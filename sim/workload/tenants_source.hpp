// The requests of several tenants, merged in the order of arrival.
#pragma once

#include <string>
#include <vector>

#include "sim/workload/source.hpp"

namespace flotilla::sim {

/// A source for each tenant; of requests that arrive together, those of the tenant listed first go first. A tenant's
/// random streams are seeded by the scenario's seed and its name: its requests stay the same whoever else there is.
/// Sessions and texts of one tenant are never those of another.
class TenantsSource final : public RequestSource {
 public:
  TenantsSource(const std::vector<TenantSpec>& tenants, std::uint64_t seed);
  bool next(ArrivingRequest& request) override;
  [[nodiscard]] std::int64_t hash_block_size() const override;
  [[nodiscard]] std::vector<const TraceReport*> reports() const override;

 private:
  struct Tenant {
    std::unique_ptr<RequestSource> source;
    std::uint64_t space;  ///< its name in numbers
    std::int32_t priority;
    double ttft_promise;
    ArrivingRequest next;
    bool has_next;
  };
  std::vector<Tenant> tenants_;
  const Tenant* latest_ = nullptr;  ///< whose request was given last
  std::int64_t next_id_ = 0;
};

}  // namespace flotilla::sim
