#include "analysis/report/sweep_report.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "analysis/report/page.hpp"
#include "analysis/sweep/frontier.hpp"

namespace flotilla::analysis {
namespace {

using Json = nlohmann::ordered_json;

/// More digits than anyone reads, and few enough for thousands of points.
double rounded(double value) { return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr); }

Json as_json(const RatedPoint& p, const SweepIdentity& identity) {
  Json json{{"point", p.point},
            {"values", identity.values[p.point]},
            {"user", rounded(p.per_user)},
            {"gpu", rounded(p.per_gpu)},
            {"ttft", rounded(p.p99_ttft_ms)},
            {"tpot", rounded(p.p99_tpot_ms)},
            {"cost", nullptr},
            {"gpus", p.gpus},
            {"seeds", p.seeds}};
  if (p.usd_per_million) json["cost"] = rounded(*p.usd_per_million);
  return json;
}

Json as_json(const SweptLoad& load, const SweepIdentity& identity) {
  std::string name;
  for (std::size_t i = 0; i < load.keys.size(); ++i)
    name += fmt::format("{}{}={}", i == 0 ? "" : " ", identity.swept_keys[load.keys[i]], load.values[i]);
  Json json{{"name", name},
            {"keys", load.keys},
            {"values", load.values},
            {"saturated", load.saturated},
            {"points", Json::array()},
            {"saturated_points", Json::array()},
            {"frontier", Json::array()}};
  for (const RatedPoint& p : load.points) json["points"].push_back(as_json(p, identity));
  for (const RatedPoint& p : load.saturated_points) json["saturated_points"].push_back(as_json(p, identity));
  for (const RatedPoint& p : load.frontier) json["frontier"].push_back(p.point);
  return json;
}

}  // namespace

std::string sweep_report_html(const StoredSweep& sweep) {
  const SweepIdentity& identity = sweep.identity;
  Json data{{"title", identity.name},    {"scenario", identity.scenario_path}, {"version", identity.version},
            {"commit", identity.commit}, {"keys", identity.swept_keys},        {"asked", identity.hashes.size()},
            {"failed", Json::array()},   {"missing", Json::array()},           {"loads", Json::array()}};
  std::size_t done = 0;
  for (const auto& [point, result] : sweep.results) {
    if (result.done) ++done;
    if (!result.done)
      data["failed"].push_back({{"point", point}, {"values", identity.values[point]}, {"error", result.error}});
  }
  data["done"] = done;
  for (std::size_t point = 0; point < identity.values.size(); ++point) {
    if (sweep.results.count(point) == 0) data["missing"].push_back(identity.values[point]);
  }
  for (const SweptLoad& load : rate(sweep)) data["loads"].push_back(as_json(load, identity));
  return html_page(
      {"Flotilla: sweep of " + identity.name, "sweep.html", {"sweep_heat.js", "sweep.js"}, std::move(data)});
}

}  // namespace flotilla::analysis
