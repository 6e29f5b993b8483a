// The point where a type meets YAML: Codec<M>, and the calls that use whatever hooks a codec has.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "scenarios/reader/node.hpp"
#include "scenarios/reader/rules.hpp"
#include "scenarios/reader/schema_base.hpp"
#include "scenarios/reader/written.hpp"

namespace flotilla::reader {

/// Reads, writes and describes values of type M. See schema_codecs.hpp for the built-in ones. A specialisation of your
/// own has
///   static M read(const Node&);                       throws InputError
///   static std::string write(const M&);               YAML flow text that reads back to the same value
///   static nlohmann::ordered_json json_schema();      a JSON Schema fragment
///   static std::string type_text();                   for people: "integer", "time", "bytes"
/// read and json_schema may take a const KeyRules& as well, to apply the rules of the key; `static void
/// nested(SchemaList&)` names the structs that the grammar contains, for the reference page.
template <class M, class Enable = void>
struct Codec;

// A codec need not have every hook: these call what there is.
template <class M>
M read_as(const Node& node, const KeyRules& rules) {
  if constexpr (requires { Codec<M>::read(node, rules); }) {
    return Codec<M>::read(node, rules);
  } else {
    return Codec<M>::read(node);
  }
}

template <class M>
void read_member(const Node& node, const KeyRules& rules, M& value) {
  if constexpr (requires { Codec<M>::read_over(node, value); }) {
    Codec<M>::read_over(node, value);
  } else {
    value = read_as<M>(node, rules);
  }
}

template <class M>
Written written_as(const M& value) {
  if constexpr (requires { Codec<M>::written(value); }) {
    return Codec<M>::written(value);
  } else {
    return Written::leaf(Codec<M>::write(value));
  }
}

template <class M>
nlohmann::ordered_json json_schema_as(const KeyRules& rules) {
  if constexpr (requires { Codec<M>::json_schema(rules); }) {
    return Codec<M>::json_schema(rules);
  } else {
    return Codec<M>::json_schema();
  }
}

template <class M>
std::string range_as(const KeyRules& rules) {
  if constexpr (requires { Codec<M>::range_text(rules); }) {
    return Codec<M>::range_text(rules);
  } else {
    return "";
  }
}

template <class M>
void nested_as(SchemaList& list) {
  if constexpr (requires { Codec<M>::nested(list); }) Codec<M>::nested(list);
}

}  // namespace flotilla::reader
