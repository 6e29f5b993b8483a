// A small scenario of its own, with a key of every kind, and helpers that turn an error into its text.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/reader/schema.hpp"

namespace fixture {

using flotilla::Bytes;
using flotilla::BytesPerSecond;
using flotilla::FlopsPerSecond;
using flotilla::InputError;
using flotilla::Seconds;
using flotilla::UsdPerHour;
using flotilla::Watts;
using flotilla::reader::Document;
using flotilla::reader::Node;
using flotilla::reader::Schema;

enum class Role { kMixed, kPrefill, kDecode };
inline std::span<const std::pair<Role, std::string_view>> enum_names(Role) {
  static constexpr std::array<std::pair<Role, std::string_view>, 4> kNames{
      {{Role::kMixed, "mixed"}, {Role::kPrefill, "prefill"}, {Role::kDecode, "decode"}, {Role::kMixed, "both"}}};
  return kNames;
}

struct Slo {
  Seconds ttft{1.0};
  double percentile = 99;
  bool operator==(const Slo&) const = default;

  static const Schema<Slo>& schema() {
    static const auto s =
        Schema<Slo>("slo", "What users were promised")
            .key("ttft", &Slo::ttft, "time to first token", {.min = 0, .max = 3600})
            .key("percentile", &Slo::percentile, "of the requests", {.min = 0, .max = 100, .unit = "%"});
    return s;
  }
};

struct Serving {
  std::string pool;
  Role role = Role::kMixed;
  int tensor_parallel_size = 1;
  std::optional<int> replicas;
  bool warm = false;
  bool operator==(const Serving&) const = default;

  static const Schema<Serving>& schema() {
    static const auto s =
        Schema<Serving>("serving", "A group of equal replicas")
            .key("pool", &Serving::pool, "name of the pool it runs on", {.required = true})
            .key("role", &Serving::role, "what it does")
            .key("tensor_parallel_size", &Serving::tensor_parallel_size, "GPUs that share a layer",
                 {.min = 1, .max = 72, .unit = "GPUs", .aliases = {"tp"}})
            .key("replicas", &Serving::replicas, "copies", {.min = 1, .default_text = "as many as fit"})
            .key("warm", &Serving::warm, "starts with its weights loaded")
            .check([](const Serving& serving, const Node& node) {
              if (serving.role == Role::kPrefill && serving.warm) {
                node.fail_for("warm", "a prefill replica cannot be warm", "drop one of the two");
              }
            });
    return s;
  }
};

struct Scenario {
  std::string name;
  std::string router = "round_robin";
  double request_rate = 1;
  std::int64_t seed = 1;
  Bytes memory{80e9};
  BytesPerSecond link{50e9};
  FlopsPerSecond peak{989e12};
  Watts power{700};
  UsdPerHour price{2.5};
  Seconds warmup{60};
  std::vector<double> weights;
  std::vector<Serving> serving;
  std::map<std::string, Bytes> tiers;
  Slo slo;
  bool operator==(const Scenario&) const = default;

  static const Schema<Scenario>& schema();
};

inline const Schema<Scenario>& Scenario::schema() {
  const auto routers = [] { return std::vector<std::string>{"round_robin", "least_loaded", "random"}; };
  static const auto s =
      Schema<Scenario>("scenario", "One run")
          .key("name", &Scenario::name, "what the run is called", {.required = true})
          .key("router", &Scenario::router, "who gets the next request", {.choices = routers})
          .key("request_rate", &Scenario::request_rate, "arrivals",
               {.min = 0, .above_min = true, .may_be_infinite = true, .unit = "1/s", .aliases = {"rate"}})
          .key("seed", &Scenario::seed, "of all random numbers")
          .key("memory", &Scenario::memory, "of a GPU")
          .key("link", &Scenario::link, "per direction")
          .key("peak", &Scenario::peak, "dense")
          .key("power", &Scenario::power, "of a GPU")
          .key("price", &Scenario::price, "of a GPU")
          .key("warmup", &Scenario::warmup, "left out of the percentiles")
          .key("weights", &Scenario::weights, "of the classes", {.min = 0})
          .key("serving", &Scenario::serving, "groups of replicas")
          .key("tiers", &Scenario::tiers, "memory by name")
          .key("slo", &Scenario::slo, "promises");
  return s;
}

inline Document yaml(std::string text) { return Document::from_text(std::move(text), "s.yaml"); }

inline Scenario read_scenario(std::string text) {
  return flotilla::reader::read<Scenario>(yaml(std::move(text)).root());
}

/// The whole text of the error that `action` throws; "no error" if it does not.
template <class Action>
std::string error_from(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

inline std::string error_of(const std::string& text) {
  return error_from([&] { read_scenario(text); });
}

/// The same below a line `name: x`, so that a case shows only what it is about.
inline std::string error_below(const std::string& text) { return error_of("name: x\n" + text); }

}  // namespace fixture
