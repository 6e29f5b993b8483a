#include "sim/workload/arrivals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flotilla::sim {
namespace {

void check_gamma(const GammaArrivals& gamma, const reader::Node& node) {
  if (gamma.burstiness.has_value() == gamma.cv.has_value()) {
    node.fail("give either burstiness or cv",
              "burstiness = 1/cv^2; 1 = Poisson, {burstiness: 0.5} and {cv: 1.414} are burstier");
  }
}

}  // namespace

const reader::Schema<GammaArrivals>& GammaArrivals::schema() {
  using G = GammaArrivals;
  static const auto s =
      reader::Schema<G>("gamma_arrivals", "Gaps between requests from a Gamma distribution: one of burstiness and cv")
          .key("burstiness", &G::burstiness, "its shape: 1 = Poisson, below 1 burstier",
               {.min = 1e-4, .max = 1e6, .default_text = "1/cv^2"})
          .key("cv", &G::cv, "coefficient of variation of the gaps: 1 = Poisson, above 1 burstier",
               {.min = 1e-3, .max = 100, .default_text = "1/sqrt(burstiness)"})
          .check(check_gamma);
  return s;
}

ArrivalProcess::ArrivalProcess(const ArrivalSpec& spec, double rate, RandomEngine engine)
    : kind_(spec.kind), rate_(rate), engine_(std::move(engine)) {
  if (kind_ == ArrivalSpec::Kind::kGamma) shape_ = spec.gamma.shape();
  if (spec.wave) wave_.emplace(*spec.wave);
}

double ArrivalProcess::next() {
  if (!wave_) return next_steady();
  // Rounding must not turn two neighbours round.
  last_ = std::max(last_, wave_->when(next_steady()));
  return last_;
}

double ArrivalProcess::next_steady() {
  if (std::isinf(rate_)) return 0;
  switch (kind_) {
    case ArrivalSpec::Kind::kConstant:
      return static_cast<double>(count_++) / rate_;
    case ArrivalSpec::Kind::kPoisson:
      time_ += draw_exponential(engine_) / rate_;
      break;
    case ArrivalSpec::Kind::kGamma:
      time_ += draw_gamma(engine_, shape_) / (shape_ * rate_);
      break;
  }
  return time_;
}

}  // namespace flotilla::sim

namespace flotilla::reader {
namespace {

using sim::ArrivalSpec;
constexpr const char* kExamples = "poisson, constant or {gamma: {burstiness: 0.5}}";

}  // namespace

ArrivalSpec Codec<ArrivalSpec>::read(const Node& node) {
  ArrivalSpec spec;
  if (node.is_scalar()) {
    if (node.text() == "gamma") node.fail("gamma needs its burstiness", "write {gamma: {burstiness: 0.5}}");
    static const std::vector<std::string> kNames{"poisson", "constant"};
    spec.kind = read_choice(node, kNames) == 0 ? ArrivalSpec::Kind::kPoisson : ArrivalSpec::Kind::kConstant;
    return spec;
  }
  if (!node.is_mapping()) node.fail_type("the name of an arrival process", kExamples);
  const auto entries = node.entries();
  if (entries.size() != 1) node.fail("one arrival process should be named here", kExamples);
  const auto& [name, value] = entries.front();
  if (name != "gamma") value.fail_at_key(fmt::format("unknown arrival process {}", in_quotes(name)), kExamples);
  spec.kind = ArrivalSpec::Kind::kGamma;
  spec.gamma = read_as<sim::GammaArrivals>(value, {});
  return spec;
}

std::string Codec<ArrivalSpec>::write(const ArrivalSpec& spec) {
  switch (spec.kind) {
    case ArrivalSpec::Kind::kPoisson:
      return "poisson";
    case ArrivalSpec::Kind::kConstant:
      return "constant";
    case ArrivalSpec::Kind::kGamma:
      break;
  }
  return fmt::format("{{gamma: {}}}", write_flow(spec.gamma));
}

nlohmann::ordered_json Codec<ArrivalSpec>::json_schema() {
  using Json = nlohmann::ordered_json;
  const Json names = {{"enum", {"poisson", "constant"}}};
  const Json gamma = {{"type", "object"},
                      {"properties", {{"gamma", json_schema_as<sim::GammaArrivals>({})}}},
                      {"required", Json::array({"gamma"})},
                      {"additionalProperties", false}};
  return {{"anyOf", Json::array({names, gamma})}};
}

std::string Codec<ArrivalSpec>::type_text() { return kExamples; }

}  // namespace flotilla::reader
