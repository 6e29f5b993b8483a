// When generated requests arrive: the processes a user may name, and the times they give.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "scenarios/reader/schema.hpp"
#include "sim/workload/rng.hpp"
#include "sim/workload/wave.hpp"

namespace flotilla::sim {

/// Gaps of a Gamma distribution. `burstiness` is its shape, as in vllm bench serve: 1 = Poisson, below 1 burstier,
/// 1/cv^2.
struct GammaArrivals {
  std::optional<double> burstiness;
  std::optional<double> cv;  ///< coefficient of variation of the gaps; instead of burstiness
  [[nodiscard]] double shape() const { return burstiness ? *burstiness : 1 / (*cv * *cv); }
  static const reader::Schema<GammaArrivals>& schema();
};

struct ArrivalSpec {
  enum class Kind { kPoisson, kConstant, kGamma };
  Kind kind = Kind::kPoisson;
  GammaArrivals gamma;           ///< of kGamma only
  std::optional<WaveSpec> wave;  ///< a key of its own beside `arrivals`
};

/// Arrival times in seconds, ascending. Random processes begin with a gap; constant arrivals begin at 0 and do not
/// drift.
class ArrivalProcess {
 public:
  /// `rate` per second; infinity puts every arrival at 0.
  ArrivalProcess(const ArrivalSpec& spec, double rate, RandomEngine engine);
  [[nodiscard]] double next();

 private:
  double next_steady();

  ArrivalSpec::Kind kind_;
  double rate_;
  double shape_ = 1;
  RandomEngine engine_;
  std::optional<Wave> wave_;
  double last_ = 0;
  double time_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace flotilla::sim

namespace flotilla::reader {

template <>
struct Codec<sim::ArrivalSpec> {
  static sim::ArrivalSpec read(const Node& node);
  static std::string write(const sim::ArrivalSpec& spec);
  static nlohmann::ordered_json json_schema();
  static std::string type_text();
  static void nested(SchemaList& list) { nested_as<sim::GammaArrivals>(list); }
};

}  // namespace flotilla::reader
