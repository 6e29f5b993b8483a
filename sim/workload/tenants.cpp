#include "sim/workload/load_keys.hpp"
#include "sim/workload/spec_checks.hpp"

namespace flotilla::sim {

namespace {

reader::Schema<TenantSpec> tenant_schema() {
  using T = TenantSpec;
  reader::Schema<T> s("tenant", "One of several who share the fleet: a load of its own, and what it was promised");
  s.key("name", &T::name, "how results speak of it; its random streams are named by it", {.required = true})
      .key("model", &T::model, "which of the fleet's models it asks for", {.default_text = "the scenario's"})
      .key("priority", &T::priority, "the lower goes first, where a scheduler policy looks at it, as in vLLM")
      .key("class", &T::slo_class, "the router slo_class sends its requests to serving groups of this class",
           {.default_text = "none"})
      .key("slo", &T::slo, "what it was promised, in place of the scenario's slo", {.default_text = "the scenario's"});
  add_rate_key(s);
  add_arrival_and_length_keys(s);
  add_text_and_end_keys(s);
  add_trace_key(s);
  s.check(check_tenant);
  return s;
}

}  // namespace

const reader::Schema<TenantSpec>& TenantSpec::schema() {
  static const reader::Schema<TenantSpec> s = tenant_schema();
  return s;
}

}  // namespace flotilla::sim
