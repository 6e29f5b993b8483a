#include "topologies/platform.hpp"

#include <fmt/format.h>

#include <map>
#include <simgrid/kernel/routing/NetPoint.hpp>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <simgrid/s4u.hpp>
#include <stdexcept>

#include "topologies/route.hpp"

namespace flotilla::topologies {

namespace sg4 = simgrid::s4u;
namespace routing = simgrid::kernel::routing;

namespace {
constexpr double kHostSpeed = 1e9;  // flop/s; nothing is computed on hosts
}

/// A zone that finds each route when it is asked for. SimGrid's own zones either keep a table of n^2 routes or search
/// for milliseconds.
///
/// Its routes have no latency, which Platform::transfer waits for instead. With latencies SimGrid's CM02 (version 3.32)
/// - weighs flows that share a link by the inverse of their latency, as TCP does by round-trip time: a flow over two
/// links of
///   1 us would get half the share of a flow over one. RDMA and NVLink share by credits, evenly;
/// - forgets to share some links anew when the latencies of two flows with the same first link end at the same instant:
/// the
///   second flow then takes bandwidth that others on its further links still have.
class FleetZone : public routing::NetZoneImpl {
 public:
  FleetZone(const Fleet& fleet, const std::string& name) : NetZoneImpl(name), fleet_(fleet) {}

  void get_local_route(const routing::NetPoint* src, const routing::NetPoint* dst, routing::Route* into,
                       double* /*latency*/) override {
    for (const auto& hop : route(fleet_, vertices_.at(src->id()), vertices_.at(dst->id()))) {
      into->link_list_.push_back(links_.at(2 * hop.link + (hop.reversed ? 1 : 0)));
    }
    if (rate_limit_ != nullptr) into->link_list_.push_back(rate_limit_->get_impl());
  }

  /// The next route that is asked for has a limit for each flow on it; null = none. SimGrid's own Comm::set_rate is
  /// without effect on communications between hosts (3.32). The limit is a link that flows do not share (a fat pipe),
  /// one for each source, so that flows from elsewhere need not be shared out anew when one begins.
  void limit_next_flow(sg4::Link* limit) { rate_limit_ = limit; }

  /// Null for a rate of 0: no limit.
  [[nodiscard]] sg4::Link* rate_limit(VertexId source, BytesPerSecond rate) const {
    return rate.value() > 0 ? rate_limits_.at({source, rate.value()}) : nullptr;
  }

  void add_rate_limit(const RateLimit& limit) {
    auto& link = rate_limits_[{limit.source, limit.rate.value()}];
    if (link != nullptr) return;
    link = fat_pipe(fmt::format("{}:at most {} B/s", fleet_.name(limit.source), limit.rate.value()), limit.rate);
  }

  sg4::Link* fat_pipe(const std::string& name, BytesPerSecond rate) {
    return create_link(name, {rate.value()})->set_sharing_policy(sg4::Link::SharingPolicy::FATPIPE)->seal();
  }

  sg4::Host* add_host(VertexId vertex) {
    auto* host = create_host(fleet_.name(vertex), {kHostSpeed});
    vertices_.resize(host->get_netpoint()->id() + 1, kNone);
    vertices_.back() = vertex;
    return host->seal();
  }

  sg4::Link* add_link(const std::string& name, const Link& link) {
    auto* result = create_link(name, {link.bandwidth.value()})->seal();
    links_.push_back(result->get_impl());
    return result;
  }

 private:
  const Fleet& fleet_;
  std::vector<VertexId> vertices_;  ///< by net point
  std::vector<simgrid::kernel::resource::StandardLinkImpl*> links_;
  std::map<std::pair<VertexId, double>, sg4::Link*> rate_limits_;
  sg4::Link* rate_limit_ = nullptr;
};

namespace {

/// CM02 is the plain flow model. LV08, the default, is fitted to TCP: it multiplies latencies by 13. Gamma is TCP's
/// largest window (0 = none), and cross-traffic is the acknowledgements' bandwidth on the way back.
void choose_network_model() {
  if (!sg4::Engine::is_initialized() || sg4::Engine::get_instance()->get_netzone_root() != nullptr) {
    throw std::logic_error("the fleet's platform needs a SimGrid engine, and must be the first thing built in it");
  }
  sg4::Engine::set_config("network/model:CM02");
  sg4::Engine::set_config("network/TCP-gamma:0");
  sg4::Engine::set_config("network/crosstraffic:0");
}

}  // namespace

void Platform::transfer(VertexId from, VertexId to, Bytes bytes) const {
  const auto hops = route(*fleet_, from, to);
  if (hops.empty()) return;  // SimGrid would send it over a loopback of 10 GB/s
  sg4::this_actor::sleep_for(facts(*fleet_, hops).latency.value());
  sg4::Comm::sendto(host_of(from), host_of(to), static_cast<std::uint64_t>(bytes.value()));
}

sg4::CommPtr Platform::start(VertexId from, VertexId to, Bytes bytes, BytesPerSecond rate) const {
  return start(from, to, bytes, zone_->rate_limit(from, rate));
}

sg4::CommPtr Platform::start(VertexId from, VertexId to, Bytes bytes, const ValveSetting& valve) const {
  valves_.at(valve.number)->set_bandwidth(valve.rate.value());
  return start(from, to, bytes, valves_[valve.number]);
}

sg4::CommPtr Platform::start(VertexId from, VertexId to, Bytes bytes, sg4::Link* limit) const {
  zone_->limit_next_flow(limit);
  auto comm = sg4::Comm::sendto_async(host_of(from), host_of(to), static_cast<std::uint64_t>(bytes.value()));
  zone_->limit_next_flow(nullptr);
  return comm;
}

void Platform::scale(LinkId link, double share) const {
  const double bandwidth = fleet_->links[link].bandwidth.value() * share;
  links_[2 * link]->set_bandwidth(bandwidth);
  links_[2 * link + 1]->set_bandwidth(bandwidth);
}

Platform make_platform(const Fleet& fleet, const std::vector<RateLimit>& limits, std::size_t valves) {
  choose_network_model();
  auto* zone = new FleetZone(fleet, "fleet");  // SimGrid's engine owns and deletes it
  Platform platform;
  platform.fleet_ = &fleet;
  platform.zone_ = zone;
  platform.hosts_.resize(boost::num_vertices(fleet.graph), nullptr);
  for (const auto& node : fleet.nodes) {
    const auto& system = node.shape->system;
    for (VertexId v = 0; v < as_index(system.gpus.value) + as_index(system.cpus.value); ++v) {
      platform.hosts_[node.first_vertex + v] = zone->add_host(node.first_vertex + v);
    }
  }
  platform.links_.reserve(2 * fleet.links.size());
  for (LinkId id = 0; id < fleet.links.size(); ++id) {
    const auto name = fleet.link_name(id);
    platform.links_.push_back(zone->add_link(name + ":out", fleet.links[id]));
    platform.links_.push_back(zone->add_link(name + ":back", fleet.links[id]));
  }
  for (const RateLimit& limit : limits) zone->add_rate_limit(limit);
  for (std::size_t i = 0; i < valves; ++i)
    platform.valves_.push_back(zone->fat_pipe(fmt::format("valve {}", i), BytesPerSecond(1)));
  zone->seal();
  return platform;
}

}  // namespace flotilla::topologies
