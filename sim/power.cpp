#include "sim/power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace flotilla::sim {

namespace {

constexpr const char* kUsualSystem = "hgx-h100";  ///< for a system of whose power nothing is said

/// Caps of GPUs by which runs were measured: MLPerf's H200 at 500 of 700 W. Below that, the formula is stretched.
constexpr double kLeastMeasuredCap = 500.0 / 700;

class PowerBuilder {
 public:
  PowerBuilder(const PoolSpec& spec, const models::Gpu& gpu, const reader::Document& document, std::string path)
      : spec_(spec), gpu_(gpu), document_(document), path_(std::move(path)) {}

  PoolPower take(const topologies::System& system, int gpus) {
    set_surroundings(system, gpus);
    const models::GpuPower& shares = gpu_.power;
    if (!shares.like.empty()) add_borrowed(fmt::format("{} draws as {}", gpu_.name, shares.like));
    std::optional<Watts> always;
    const auto lower = [&](Watts cap) { always = always ? std::min(*always, cap) : cap; };
    if (spec_.power && spec_.power->gpu_cap) {
      check(*spec_.power->gpu_cap, "power.gpu_cap");
      lower(*spec_.power->gpu_cap);
    }
    if (spec_.power && spec_.power->rack_cap) lower(share_of_rack(*spec_.power->rack_cap));
    if (spec_.throttle) throttles_ = *spec_.throttle;
    for (std::size_t i = 0; i < throttles_.size(); ++i)
      check(throttles_[i].gpu_cap, fmt::format("throttle[{}].gpu_cap", i));
    set_periods(always);
    return std::move(power_);
  }

 private:
  /// A system that says nothing of its power, and a GPU's own, draw like those that stand in for them.
  void set_surroundings(const topologies::System& system, int gpus) {
    topologies::System of = system;
    if (!system.power.known()) {
      of = topologies::load_system(kUsualSystem);
      of.power.like = of.name;
    }
    if (!of.power.like.empty())
      add_borrowed(fmt::format("{} stands around its GPUs as {}", system.name, of.power.like));
    power_.idle_per_gpu = of.power.idle.value.value() / of.gpus.value;
    power_.per_gpu_watt = of.power.per_gpu_watt.value;
    power_.provisioned_per_gpu = of.power.provisioned.value.value();
    power_.gpus_per_rack = std::min(gpus, of.power.gpus_per_rack.value);
    power_.racks = (gpus + of.power.gpus_per_rack.value - 1) / of.power.gpus_per_rack.value;
  }

  void add_borrowed(const std::string& text) { power_.borrowed += (power_.borrowed.empty() ? "" : ", ") + text; }

  [[nodiscard]] double idle() const { return gpu_.power.idle * gpu_.tdp.value(); }

  void check(Watts cap, const std::string& key) {
    if (cap.value() <= idle()) {
      document_.fail(path_ + "." + key,
                     fmt::format("{:.0f} W are no more than a {} draws without work", cap.value(), gpu_.name),
                     fmt::format("it idles at {:.0f} W; its limit is {:.0f} W", idle(), gpu_.tdp.value()));
    }
    if (cap.value() < kLeastMeasuredCap * gpu_.tdp.value()) {
      power_.beyond = fmt::format("a cap of {:.0f} W on {}: measured were caps from {:.0f} % of its power on",
                                  cap.value(), gpu_.name, 100 * kLeastMeasuredCap);
    }
  }

  /// At the wall, idle hosts and GPUs come first; what is left is the GPUs', in equal parts.
  Watts share_of_rack(Watts cap) {
    const double whole = power_.idle_per_gpu * power_.gpus_per_rack;
    const double most = whole + power_.per_gpu_watt * (gpu_.tdp.value() - idle()) * power_.gpus_per_rack;
    if (cap.value() <= whole) {
      document_.fail(path_ + ".power.rack_cap",
                     fmt::format("{:.1f} kW are no more than the rack's {} GPUs and their hosts draw without work",
                                 cap.value() / 1e3, power_.gpus_per_rack),
                     fmt::format("they idle at {:.1f} kW and draw {:.1f} kW at most", whole / 1e3, most / 1e3));
    }
    const Watts share(idle() + (cap.value() - whole) / (power_.per_gpu_watt * power_.gpus_per_rack));
    check(share, "power.rack_cap");
    return share;
  }

  /// Between two dates at which a cap begins or ends, the lowest that holds counts.
  void set_periods(std::optional<Watts> always) {
    std::set<double> dates{0};
    for (const ThrottleSpec& t : throttles_) {
      dates.insert(t.from.value());
      if (t.to) dates.insert(t.to->value());
    }
    for (const double date : dates) {
      std::optional<Watts> cap = always;
      for (const ThrottleSpec& t : throttles_) {
        if (date < t.from.value() || (t.to && date >= t.to->value())) continue;
        cap = cap ? std::min(*cap, t.gpu_cap) : t.gpu_cap;
      }
      power_.periods.push_back({date, models::under_cap(gpu_, cap)});
    }
  }

  const PoolSpec& spec_;
  const models::Gpu& gpu_;
  const reader::Document& document_;
  std::string path_;
  std::vector<ThrottleSpec> throttles_;
  PoolPower power_;
};

}  // namespace

bool PoolPower::capped() const {
  return std::any_of(periods.begin(), periods.end(), [](const PowerPeriod& p) { return !p.gpu.changes_nothing(); });
}

PoolPower pool_power(const PoolSpec& spec, const topologies::System& system, const models::Gpu& gpu, int gpus,
                     const reader::Document& document, const std::string& path) {
  return PowerBuilder(spec, gpu, document, path).take(system, gpus);
}

double switch_watts(const topologies::FabricSpec& fabric, int nics) {
  // A leaf's uplinks are 1 / oversubscription of its downlinks, and each of them has a port at either end.
  return fabric.port_power.value.value() * nics * (1 + 2 / fabric.oversubscription.value);
}

}  // namespace flotilla::sim
