// Every key a user may write is declared once, as data: name, type, unit, range, default, help. From that one declaration come
// reading, errors, resolved.yaml, the JSON Schema and the reference page.
//
//   struct Slo {
//     Seconds ttft{1.0};
//     double percentile = 99;
//     static const reader::Schema<Slo>& schema() {
//       static const auto s = reader::Schema<Slo>("slo", "What users were promised")
//           .key("ttft", &Slo::ttft, "time to first token", {.min = 0})
//           .key("percentile", &Slo::percentile, "of the requests", {.min = 0, .max = 100, .unit = "%"});
//       return s;
//     }
//   };
//
// A member's default is its value in a default-constructed struct. Types are known by Codec<M>: bool, int, std::int64_t, double,
// std::string, the quantities of units.hpp, enums (found by `enum_names(E)`), structs with a schema(), std::optional, std::vector
// and std::map<std::string, M> of these. A type with a grammar of its own (a number or a mapping) specialises Codec.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/reader/node.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::reader {

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// What may be said of a key beyond its type.
struct KeyRules {
  double min = -kNoLimit;   ///< inclusive, in the key's SI unit
  double max = kNoLimit;    ///< inclusive
  bool above_min = false;   ///< min itself is refused (a rate must be > 0)
  bool required = false;
  std::string unit;         ///< for bare numbers, as shown to the reader: "tokens", "1/s"
  std::function<std::vector<std::string>()> choices;  ///< the names that are valid, where they come from a registry
  std::vector<std::string> aliases;                   ///< other spellings that are read as this key
  std::string default_text; ///< what an absent optional means ("as many as fit"); else the default itself is shown
};

/// Reads, writes and describes values of type M. See schema_codecs.hpp for the built-in ones.
///   static M read(const Node&);                       throws InputError
///   static std::string write(const M&);               YAML flow text that reads back to the same value
///   static nlohmann::ordered_json json_schema();      a JSON Schema fragment
///   static std::string type_text();                   for people: "integer", "time", "bytes"
template <class M, class Enable = void>
struct Codec;

/// Where each resolved value came from: dotted path -> "scenario.yaml:12", "command line", "engine vllm", "default".
using Origins = std::map<std::string, std::string>;

template <class T>
class Schema;

}  // namespace flotilla::reader

#include "scenarios/reader/schema_impl.hpp"
