#include "sim/workload/tenants_source.hpp"

#include <algorithm>
#include <utility>

#include "sim/workload/hash_chain.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {

namespace {

/// A session's number among those of all tenants. Numbers of sessions are not negative.
std::int64_t session_in(std::uint64_t space, std::int64_t session) {
  return static_cast<std::int64_t>(mix_bits(space ^ mix_bits(static_cast<std::uint64_t>(session))) >> 1U);
}

}  // namespace

TenantsSource::TenantsSource(const std::vector<TenantSpec>& tenants, std::uint64_t seed) {
  for (const TenantSpec& spec : tenants) {
    Tenant tenant{make_source(spec, stream_seed(seed, "tenant " + spec.name)),
                  hash_text(spec.name),
                  spec.priority,
                  std::numeric_limits<double>::infinity(),
                  {},
                  false};
    if (spec.slo && spec.slo->ttft) tenant.ttft_promise = spec.slo->ttft->value();
    tenant.has_next = tenant.source->next(tenant.next);
    tenants_.push_back(std::move(tenant));
  }
}

bool TenantsSource::next(ArrivingRequest& request) {
  Tenant* first = nullptr;
  for (Tenant& tenant : tenants_)
    if (tenant.has_next && (first == nullptr || tenant.next.arrival < first->next.arrival)) first = &tenant;
  if (first == nullptr) return false;
  std::swap(request, first->next);
  first->has_next = first->source->next(first->next);
  latest_ = first;
  request.id = next_id_++;
  request.tenant = first - tenants_.data();
  request.priority = first->priority;
  request.ttft_promise = first->ttft_promise;
  if (request.session >= 0) request.session = session_in(first->space, request.session);
  put_in_namespace(static_cast<std::int64_t>(first->space), request.hash_ids);
  return true;
}

std::int64_t TenantsSource::hash_block_size() const {
  if (latest_ != nullptr) return latest_->source->hash_block_size();
  std::int64_t any = 0;
  for (const Tenant& tenant : tenants_) any = std::max(any, tenant.source->hash_block_size());
  return any;
}

std::vector<const TraceReport*> TenantsSource::reports() const {
  std::vector<const TraceReport*> all;
  for (const Tenant& tenant : tenants_)
    if (tenant.source->report() != nullptr) all.push_back(tenant.source->report());
  return all;
}

}  // namespace flotilla::sim
