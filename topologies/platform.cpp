#include "topologies/platform.hpp"

#include <simgrid/kernel/resource/NetworkModelIntf.hpp>
#include <simgrid/kernel/routing/NetPoint.hpp>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <simgrid/s4u.hpp>
#include <stdexcept>
#include <unordered_set>

#include "topologies/route.hpp"

namespace flotilla::topologies {
namespace {

namespace sg4 = simgrid::s4u;
namespace routing = simgrid::kernel::routing;

constexpr double kHostSpeed = 1e9;  // flop/s; nothing is computed on hosts

/// A zone that finds each route when it is asked for. SimGrid's own zones either keep a table of n^2 routes or search
/// for milliseconds.
///
/// SimGrid's CM02 weighs flows by the inverse of their route's latency where they share a link (as TCP does by
/// round-trip time): a flow over two links of 1 us would get half the share of a flow over one. RDMA and NVLink share
/// by credits, evenly. So every route reports a latency of one second, which makes all weights equal, and the latency
/// factor, asked for each flow, is the true latency in seconds.
class FleetZone : public routing::NetZoneImpl {
 public:
  FleetZone(const Fleet& fleet, const std::string& name) : NetZoneImpl(name), fleet_(fleet) {}

  void get_local_route(const routing::NetPoint* src, const routing::NetPoint* dst, routing::Route* into,
                       double* latency) override {
    for (const auto& hop : route(fleet_, vertices_.at(src->id()), vertices_.at(dst->id()))) {
      into->link_list_.push_back(links_.at(2 * hop.link + (hop.reversed ? 1 : 0)));
    }
    if (latency != nullptr) *latency = 1.0;
  }

  sg4::Host* add_host(VertexId vertex) {
    auto* host = create_host(fleet_.name(vertex), {kHostSpeed});
    vertices_.resize(host->get_netpoint()->id() + 1, kNone);
    vertices_.back() = vertex;
    return host->seal();
  }

  sg4::Link* add_link(const std::string& name, const Link& link) {
    auto* result = create_link(name, {link.bandwidth.value()})->set_latency(link.latency.value())->seal();
    links_.push_back(result->get_impl());
    return result;
  }

 private:
  const Fleet& fleet_;
  std::vector<VertexId> vertices_;  ///< by net point
  std::vector<simgrid::kernel::resource::StandardLinkImpl*> links_;
};

double true_latency(double /*size*/, const sg4::Host* /*src*/, const sg4::Host* /*dst*/,
                    const std::vector<sg4::Link*>& links, const std::unordered_set<sg4::NetZone*>& /*zones*/) {
  double sum = 0;
  for (const auto* link : links) sum += link->get_latency();
  return sum;
}

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

Platform make_platform(const Fleet& fleet) {
  choose_network_model();
  auto* zone = new FleetZone(fleet, "fleet");  // SimGrid's engine owns and deletes it
  Platform platform;
  platform.fleet_ = &fleet;
  platform.hosts_.resize(boost::num_vertices(fleet.graph), nullptr);
  for (const auto& node : fleet.nodes) {
    const auto& system = node.shape->system;
    for (VertexId v = 0; v < static_cast<VertexId>(system.gpus.value + system.cpus.value); ++v) {
      platform.hosts_[node.first_vertex + v] = zone->add_host(node.first_vertex + v);
    }
  }
  platform.links_.reserve(2 * fleet.links.size());
  for (LinkId id = 0; id < fleet.links.size(); ++id) {
    const auto name = fleet.link_name(id);
    platform.links_.push_back(zone->add_link(name + ":out", fleet.links[id]));
    platform.links_.push_back(zone->add_link(name + ":back", fleet.links[id]));
  }
  zone->get_iface()->get_network_model()->set_lat_factor_cb(true_latency);
  zone->seal();
  return platform;
}

}  // namespace flotilla::topologies
