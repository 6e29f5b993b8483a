#include "sim/workload/source.hpp"

#include "sim/workload/generated_source.hpp"
#include "sim/workload/session_source.hpp"
#include "sim/workload/tenants_source.hpp"
#include "sim/workload/trace_source.hpp"

namespace flotilla::sim {

std::unique_ptr<RequestSource> make_source(const LoadSpec& spec, std::uint64_t seed) {
  if (spec.trace) return std::make_unique<TraceSource>(spec, seed);
  if (spec.sessions) return std::make_unique<SessionSource>(spec, seed);
  return std::make_unique<GeneratedSource>(spec, seed);
}

std::unique_ptr<RequestSource> make_source(const WorkloadSpec& spec, std::uint64_t seed) {
  if (spec.tenants) return std::make_unique<TenantsSource>(*spec.tenants, seed);
  return make_source(static_cast<const LoadSpec&>(spec), seed);
}

}  // namespace flotilla::sim
