#include "analysis/summary/links.hpp"

#include <algorithm>
#include <map>

#include "analysis/summary/statistics.hpp"
#include "models/collective_bytes.hpp"

namespace flotilla::analysis {

namespace {

constexpr double kMs = 1000;
/// Transfers that take so much longer than alone wait for each other.
constexpr double kContended = 1.1;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// Of each GPU's NVLink, in each direction: what the collectives of its replica sent, whose tokens are counted by
/// group.
std::map<topologies::LinkId, double> collectives(const sim::Build& build, const sim::RunFacts& facts) {
  std::map<topologies::LinkId, double> bytes;
  const auto& fleet = build.fleet;
  for (std::size_t g = 0; g < build.groups.size(); ++g) {
    const sim::ServingGroup& group = build.groups[g];
    const models::Deployment& d = group.deployment;
    if (d.links.crosses_fabric) continue;                   // then they do not stay on NVLink
    if (group.fidelity == sim::Fidelity::kFlows) continue;  // the links have counted them
    const sim::ReplicaBooks& books = facts.groups[g].books;
    const double tokens =
        static_cast<double>(books.prefill_tokens + books.output_tokens) / (group.replicas * d.data_parallel_size);
    const double sent = tokens * models::collective_bytes_per_token(d).value();
    if (sent <= 0) continue;
    for (const auto& gpus : group.placement) {
      for (const topologies::GpuId gpu : gpus) {
        const topologies::Node& node = fleet.nodes[fleet.gpus[gpu].node];
        if (!node.shape->system.nvlink.present()) continue;
        bytes[node.first_link + fleet.local(fleet.gpus[gpu].vertex)] += sent;
      }
    }
  }
  return bytes;
}

}  // namespace

void fill_links(Summary& s, const sim::Build& build, const sim::RunFacts& facts) {
  const auto& fleet = build.fleet;
  auto collective = collectives(build, facts);
  const auto add = [&](topologies::LinkId id, double bytes, double busier, double busiest_second) {
    const topologies::Link& link = fleet.links[id];
    const double bandwidth = link.bandwidth.value();
    s.links.push_back({fleet.link_name(id), std::string(topologies::to_text(link.kind)), bytes,
                       ratio(busier, bandwidth * facts.duration), busiest_second / bandwidth});
  };
  for (const sim::LinkFacts& link : facts.links) {
    const auto found = collective.find(link.link);
    const double sent = found == collective.end() ? 0 : found->second;
    if (found != collective.end()) collective.erase(found);
    add(link.link, link.bytes + 2 * sent, link.busier_bytes + sent, link.busiest_second_bytes);
  }
  for (const auto& [link, sent] : collective) add(link, 2 * sent, sent, 0);
  // The busiest by what competes first; names decide among equals, so that the order is always the same.
  std::sort(s.links.begin(), s.links.end(), [](const LinkSummary& a, const LinkSummary& b) {
    if (a.peak_utilization != b.peak_utilization) return a.peak_utilization > b.peak_utilization;
    if (a.mean_utilization != b.mean_utilization) return a.mean_utilization > b.mean_utilization;
    return a.name < b.name;
  });
  if (s.links.size() > kMostLinks) s.links.resize(kMostLinks);
}

void fill_kv_transfers(Summary& s, const sim::Build& build, const sim::RunFacts& facts) {
  const sim::HandOffFacts& f = facts.hand_off;
  if (f.count == 0) return;
  const auto count = static_cast<double>(f.count);
  const OrderedSamples times(f.times);
  s.kv_transfers.count = f.count;
  s.kv_transfers.bytes = f.bytes;
  s.kv_transfers.mean_wait_ms = kMs * f.wait_sum / count;
  s.kv_transfers.mean_ms = kMs * f.times.mean();
  s.kv_transfers.p99_ms = kMs * times.percentile(99);
  s.kv_transfers.mean_alone_ms = kMs * f.lone_sum / count;
  const auto limit =
      static_cast<std::size_t>(std::max_element(f.limited_by.begin(), f.limited_by.end()) - f.limited_by.begin());
  if (s.kv_transfers.mean_ms > kContended * s.kv_transfers.mean_alone_ms) {
    const auto busiest = std::max_element(facts.links.begin(), facts.links.end(), [&](const auto& a, const auto& b) {
      const auto use = [&](const sim::LinkFacts& link) {
        return link.busiest_second_bytes / build.fleet.links[link.link].bandwidth.value();
      };
      return use(a) < use(b);
    });
    s.kv_transfers.bottleneck = topologies::to_text(build.fleet.links[busiest->link].kind);
  } else if (limit + 1 == sim::HandOffFacts::kLimits) {
    s.kv_transfers.bottleneck = "connector";
  } else {
    s.kv_transfers.bottleneck = topologies::to_text(topologies::kLinkKinds[limit]);
  }
}

}  // namespace flotilla::analysis
