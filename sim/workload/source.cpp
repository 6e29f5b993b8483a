#include "sim/workload/source.hpp"

#include "sim/workload/generated_source.hpp"
#include "sim/workload/session_source.hpp"
#include "sim/workload/trace_source.hpp"

namespace flotilla::sim {

std::unique_ptr<RequestSource> make_source(const WorkloadSpec& spec, std::uint64_t seed) {
  if (spec.trace) return std::make_unique<TraceSource>(spec, seed);
  if (spec.sessions) return std::make_unique<SessionSource>(spec, seed);
  return std::make_unique<GeneratedSource>(spec, seed);
}

}  // namespace flotilla::sim
