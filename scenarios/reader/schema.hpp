// Every key a user may write is declared once, as data: name, type, unit, range, default, help. From that one
// declaration come reading, errors, resolved.yaml, the JSON Schema and the reference page.
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
// A member's default is its value in a default-constructed struct. Types are known by Codec<M>: bool, int,
// std::int64_t, double, std::string, the quantities of units.hpp, enums (found by `enum_names(E)`), structs with a
// schema(), std::optional, std::vector and std::map<std::string, M> of these. A type with a grammar of its own (a
// number or a mapping) specialises Codec.
//
// How values are written: integers 20000, 20_000, 2e4 or 20000.0; numbers in quotes are text; booleans are true and
// false, nothing else; `null` is an optional that is absent; a quantity has its unit. NaN is never read, infinity only
// where a key allows it.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "scenarios/reader/codec.hpp"
#include "scenarios/reader/node.hpp"
#include "scenarios/reader/rules.hpp"
#include "scenarios/reader/schema_base.hpp"
#include "scenarios/reader/units.hpp"
#include "scenarios/reader/written.hpp"

namespace flotilla::reader {

/// The declaration of T's keys. Build it once, in a static of `T::schema()`; T is default-constructible, and its
/// defaults are those of the keys.
template <class T>
class Schema : public SchemaBase {
 public:
  /// `title` names the struct in the JSON Schema and the reference page: unique, snake_case.
  Schema(std::string title, std::string help);

  template <class M, class Owner>
  Schema& key(std::string name, M Owner::*member, std::string help, KeyRules rules = {});

  /// A rule across the keys of one mapping, checked once all are read: throws through node.fail or node.fail_for(key,
  /// ...). Not run for a mapping that is absent.
  Schema& check(std::function<void(const T&, const Node&)> rule);

  /// Reads the keys given over `value`, which keeps the rest.
  void read_over(const Node& node, T& value) const;

 private:
  std::vector<std::function<void(const T&, const Node&)>> checks_;
};

/// The value at `node`, checked; throws InputError at the first mistake.
template <class T>
T read(const Node& node);

/// One line of YAML flow text that reads back to the same value.
template <class T>
std::string write_flow(const T& value);

/// The whole of `value` as a YAML document: every key, defaults filled in, absent optionals left out. Reads back to an
/// equal value.
template <class T>
std::string write_yaml(const T& value);
/// The same, each line with its origin as a comment (`# scenario.yaml:12`, `# default`), absent optionals as comments
/// too.
template <class T>
std::string write_yaml(const T& value, const Origins& origins);

/// The origin of each leaf of `value`, which was read from `node`.
template <class T>
Origins origins_of(const T& value, const Node& node);

/// JSON Schema (draft 2020-12) of T, for editors.
template <class T>
nlohmann::ordered_json json_schema();

/// A page in Markdown: a table of keys for T and each struct inside it.
template <class T>
std::string reference_markdown();

}  // namespace flotilla::reader

#include "scenarios/reader/schema_codecs.hpp"
#include "scenarios/reader/schema_impl.hpp"
