// Can a type that is a number or a mapping bring a codec of its own, and still be checked, written and described?
#include <doctest/doctest.h>

#include <variant>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
using flotilla::reader::Codec;
using flotilla::reader::json_schema_as;
using flotilla::reader::KeyRules;
using flotilla::reader::read;
using flotilla::reader::read_as;
using flotilla::reader::SchemaList;
using flotilla::reader::write_flow;
using flotilla::reader::write_yaml;

namespace fixture {

struct Uniform {
  double low = 0;
  double high = 1;
  bool operator==(const Uniform&) const = default;
  static const Schema<Uniform>& schema() {
    static const auto s = Schema<Uniform>("uniform", "Each length as likely as another")
                              .key("low", &Uniform::low, "shortest", {.min = 0})
                              .key("high", &Uniform::high, "longest", {.min = 0})
                              .check([](const Uniform& u, const Node& node) {
                                if (u.low > u.high) node.fail_for("high", "high is below low");
                              });
    return s;
  }
};

/// A number, or `{uniform: {low, high}}`.
struct Lengths {
  std::variant<double, Uniform> value = 1.0;
  bool operator==(const Lengths&) const = default;
};

struct Workload {
  Lengths input_tokens;
  std::vector<Lengths> classes;
  std::optional<Lengths> output_tokens;
  bool operator==(const Workload&) const = default;
  static const Schema<Workload>& schema();
};

}  // namespace fixture

template <>
struct flotilla::reader::Codec<Lengths> {
  static Lengths read(const Node& node, const KeyRules& rules = {}) {
    if (node.is_scalar()) return {Codec<double>::read(node, rules)};
    for (const auto& [key, value] : node.entries()) {
      if (key != "uniform") value.fail_at_key("unknown distribution " + in_quotes(key), suggest(key, {"uniform"}));
    }
    return {read_as<Uniform>(node.at("uniform"), {})};
  }
  static std::string write(const Lengths& lengths) {
    if (const auto* number = std::get_if<double>(&lengths.value)) return write_flow(*number);
    return "{uniform: " + write_flow(std::get<Uniform>(lengths.value)) + "}";
  }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {}) {
    const nlohmann::ordered_json mapping = {{"type", "object"},
                                            {"properties", {{"uniform", json_schema_as<Uniform>({})}}},
                                            {"additionalProperties", false}};
    return {{"anyOf", {json_schema_as<double>(rules), mapping}}};
  }
  static std::string type_text() { return "number or distribution"; }
  static void nested(SchemaList& list) { Uniform::schema().collect(list); }
};

const Schema<Workload>& Workload::schema() {
  static const auto s = Schema<Workload>("workload", "What is asked")
                            .key("input_tokens", &Workload::input_tokens, "of a prompt", {.min = 1, .unit = "tokens"})
                            .key("classes", &Workload::classes, "more of them")
                            .key("output_tokens", &Workload::output_tokens, "of an answer");
  return s;
}

TEST_CASE("both forms are read, alone, in lists and as optionals") {
  const auto value = read<Workload>(
      yaml("input_tokens: 800\nclasses: [5, {uniform: {high: 9}}]\noutput_tokens: {uniform: {low: 1, high: 2}}")
          .root());
  CHECK(value.input_tokens == Lengths{800.0});
  CHECK(value.classes == std::vector<Lengths>{{5.0}, {Uniform{0, 9}}});
  CHECK(value.output_tokens == Lengths{Uniform{1, 2}});
}

TEST_CASE("both forms read back") {
  Workload value;
  value.input_tokens = {Uniform{640, 800}};
  value.classes = {{2.5}, {Uniform{1, 2}}};
  CHECK(write_yaml(value) ==
        "input_tokens: {uniform: {low: 640, high: 800}}\nclasses: [2.5, {uniform: {low: 1, high: 2}}]\n");
  CHECK(read<Workload>(yaml(write_yaml(value)).root()) == value);
}

TEST_CASE("the rules of a key reach a codec that takes them") {
  CHECK(error_from([] { read<Workload>(yaml("input_tokens: 0").root()); }) ==
        "s.yaml:1:15: input_tokens: '0' is out of range\n"
        "input_tokens: 0\n"
        "              ^\n"
        "hint: valid: at least 1 tokens");
}

TEST_CASE("mistakes deep inside keep their place") {
  CHECK(error_from([] { read<Workload>(yaml("input_tokens: {unifrom: {low: 1}}").root()); }) ==
        "s.yaml:1:16: input_tokens.unifrom: unknown distribution 'unifrom'\n"
        "input_tokens: {unifrom: {low: 1}}\n"
        "               ^\n"
        "hint: did you mean 'uniform'?");
  CHECK(error_from([] { read<Workload>(yaml("classes: [1, {uniform: {low: 5, high: 2}}]").root()); }) ==
        "s.yaml:1:39: classes[1].uniform.high: high is below low\n"
        "classes: [1, {uniform: {low: 5, high: 2}}]\n"
        "                                      ^");
}

TEST_CASE("the JSON Schema holds the struct inside the grammar once") {
  const auto schema = flotilla::reader::json_schema<Workload>();
  CHECK(schema["$defs"].size() == 1);
  CHECK(schema["properties"]["input_tokens"]["anyOf"][0] == nlohmann::ordered_json{{"type", "number"}, {"minimum", 1}});
  CHECK(schema["properties"]["input_tokens"]["anyOf"][1]["properties"]["uniform"] ==
        nlohmann::ordered_json{{"$ref", "#/$defs/uniform"}});
}

TEST_CASE("the reference page describes the struct inside the grammar") {
  const std::string page = flotilla::reader::reference_markdown<Workload>();
  CHECK(page.find("| `input_tokens` | number or distribution | tokens | `1` |") != std::string::npos);
  CHECK(page.find("## `uniform`\n\nEach length as likely as another\n") != std::string::npos);
}
