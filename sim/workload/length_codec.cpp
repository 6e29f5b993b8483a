// How lengths are written in YAML: 800, {uniform: [640, 800]}, {lognormal: {mean: 1155, p50: 1020}}, {empirical:
// lengths.csv}.
#include <fmt/format.h>

#include "sim/workload/lengths.hpp"

namespace flotilla::reader {
namespace {

using namespace flotilla::sim;

constexpr const char* kExamples =
    "a number, {uniform: [640, 800]}, {lognormal: {mean: 1155, p50: 1020}} or {empirical: lengths.csv}";
const KeyRules kTokens{.min = 1, .max = kMostTokens, .unit = "tokens"};

UniformLength read_uniform(const Node& node) {
  if (!node.is_sequence() || node.size() != 2) node.fail_type("a list of the shortest and the longest, [640, 800]");
  const UniformLength uniform{read_as<std::int32_t>(node[0], kTokens), read_as<std::int32_t>(node[1], kTokens)};
  if (uniform.low > uniform.high) node.fail("the first length is above the second", "write [shortest, longest]");
  return uniform;
}

EmpiricalLength read_empirical(const Node& node) {
  if (node.is_mapping()) return read_as<EmpiricalLength>(node, {});
  EmpiricalLength empirical;
  empirical.path = read_as<InputFile>(node, {});
  return empirical;
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

LengthSpec Codec<LengthSpec>::read(const Node& node) {
  if (node.is_scalar()) return FixedLength{read_as<std::int32_t>(node, kTokens)};
  if (node.is_sequence() && node.size() == 2) {
    node.fail_type("a number of tokens or a distribution", "for a range write {uniform: [a, b]}");
  }
  if (!node.is_mapping()) node.fail_type("a number of tokens or a distribution", kExamples);
  const auto entries = node.entries();
  if (entries.size() != 1) node.fail("one distribution should be named here", kExamples);
  const auto& [name, value] = entries.front();
  if (name == "uniform") return read_uniform(value);
  if (name == "lognormal") return read_as<LognormalLength>(value, {});
  if (name == "empirical") return read_empirical(value);
  value.fail_at_key(fmt::format("unknown distribution {}", in_quotes(name)),
                    suggest(name, {"uniform", "lognormal", "empirical"}));
}

std::string Codec<LengthSpec>::write(const LengthSpec& spec) {
  return std::visit(
      Overloaded{[](const FixedLength& l) { return fmt::to_string(l.tokens); },
                 [](const UniformLength& l) { return fmt::format("{{uniform: [{}, {}]}}", l.low, l.high); },
                 [](const LognormalLength& l) { return fmt::format("{{lognormal: {}}}", write_flow(l)); },
                 [](const EmpiricalLength& l) { return fmt::format("{{empirical: {}}}", write_flow(l)); }},
      spec);
}

nlohmann::ordered_json Codec<LengthSpec>::json_schema() {
  const auto tokens = json_schema_as<std::int32_t>(kTokens);
  const auto one = [](const char* name, const nlohmann::ordered_json& value) {
    return nlohmann::ordered_json{{"type", "object"},
                                  {"properties", {{name, value}}},
                                  {"required", nlohmann::ordered_json::array({name})},
                                  {"additionalProperties", false}};
  };
  const nlohmann::ordered_json range = {{"type", "array"}, {"items", tokens}, {"minItems", 2}, {"maxItems", 2}};
  const nlohmann::ordered_json file = {
      {"anyOf", nlohmann::ordered_json::array(
                    {nlohmann::ordered_json{{"type", "string"}}, json_schema_as<EmpiricalLength>({})})}};
  return {{"anyOf", nlohmann::ordered_json::array({tokens, one("uniform", range),
                                                   one("lognormal", json_schema_as<LognormalLength>({})),
                                                   one("empirical", file)})}};
}

std::string Codec<LengthSpec>::type_text() { return "tokens: " + std::string(kExamples); }

void Codec<LengthSpec>::nested(SchemaList& list) {
  nested_as<LognormalLength>(list);
  nested_as<EmpiricalLength>(list);
}

}  // namespace flotilla::reader
