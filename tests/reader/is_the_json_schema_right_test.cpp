// Does the JSON Schema tell an editor what the reader takes?
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
using flotilla::reader::json_schema;
using Json = nlohmann::ordered_json;

TEST_CASE("a struct becomes an object without other keys") {
  CHECK(json_schema<Slo>() == Json::parse(R"json({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "slo",
    "description": "What users were promised",
    "type": "object",
    "properties": {
      "ttft": {"anyOf": [{"type": "string", "pattern": "^[-+]?([0-9][0-9_]*\\.?[0-9_]*|\\.[0-9][0-9_]*)([eE][-+]?[0-9]+)? *(s|ms|us|ns|min|h|d|µs)$"},
                         {"const": 0}],
               "description": "time to first token", "default": "1s"},
      "percentile": {"type": "number", "minimum": 0, "maximum": 100, "description": "of the requests [%]", "default": 99}
    },
    "additionalProperties": false
  })json"));
}

TEST_CASE("a nested struct is defined once and referred to") {
  const Json schema = json_schema<Scenario>();
  CHECK(schema["properties"]["slo"] ==
        Json::parse(R"({"allOf": [{"$ref": "#/$defs/slo"}], "description": "promises"})"));
  CHECK(schema["properties"]["serving"]["items"] == Json::parse(R"({"$ref": "#/$defs/serving"})"));
  CHECK(schema["$defs"]["serving"]["required"] == Json::parse(R"(["pool"])"));
  CHECK(schema["$defs"].size() == 2);
}

TEST_CASE("what each kind of key becomes") {
  const Json schema = json_schema<Scenario>();
  const Json& keys = schema["properties"];
  CHECK(keys["name"] == Json::parse(R"({"type": "string", "description": "what the run is called"})"));
  CHECK(keys["router"] == Json::parse(R"({"type": "string", "enum": ["round_robin", "least_loaded", "random"],
                                          "description": "who gets the next request", "default": "round_robin"})"));
  CHECK(keys["request_rate"] == Json::parse(R"({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "inf"}],
                                                "description": "arrivals [1/s]", "default": 1})"));
  CHECK(keys["rate"]["description"] == "another name of request_rate");
  CHECK(keys["seed"] == Json::parse(R"({"type": "integer", "description": "of all random numbers", "default": 1})"));
  CHECK(keys["price"] == Json::parse(R"({"type": "number", "minimum": 0, "description": "of a GPU", "default": 2.5})"));
  CHECK(
      keys["weights"] ==
      Json::parse(
          R"({"type": "array", "items": {"type": "number", "minimum": 0}, "description": "of the classes", "default": []})"));
  CHECK(keys["tiers"]["additionalProperties"]["anyOf"][1] == Json::parse(R"({"const": 0})"));

  const Json& serving = schema["$defs"]["serving"]["properties"];
  CHECK(serving["role"]["enum"] == Json::parse(R"(["mixed", "prefill", "decode", "both"])"));
  CHECK(serving["warm"] ==
        Json::parse(R"({"type": "boolean", "description": "starts with its weights loaded", "default": false})"));
  CHECK(serving["replicas"] == Json::parse(R"json({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
                                                   "description": "copies (default: as many as fit)"})json"));
}

TEST_CASE("every unit that the pattern names is read") {
  const auto units_of = [](const std::string& pattern) {
    std::vector<std::string> units{""};
    for (std::size_t i = pattern.rfind('(') + 1; pattern[i] != ')'; ++i) {
      if (pattern[i] == '|') units.emplace_back();
      if (pattern[i] != '|') units.back() += pattern[i];
    }
    return units;
  };
  for (const auto& unit : units_of(flotilla::unit_pattern(Seconds())))
    CHECK(flotilla::parse_seconds("2" + unit) > Seconds(0));
  for (const auto& unit : units_of(flotilla::unit_pattern(Bytes())))
    CHECK(flotilla::parse_bytes("2" + unit) > Bytes(0));
  for (const auto& unit : units_of(flotilla::unit_pattern(BytesPerSecond()))) {
    CHECK(flotilla::parse_bytes_per_second("2" + unit) > BytesPerSecond(0));
  }
  for (const auto& unit : units_of(flotilla::unit_pattern(FlopsPerSecond()))) {
    CHECK(flotilla::parse_flops_per_second("2" + unit) > FlopsPerSecond(0));
  }
}

namespace {

struct Leaf {
  int a = 1;
  static const Schema<Leaf>& schema() {
    static const auto s = Schema<Leaf>("leaf", "a leaf").key("a", &Leaf::a, "a number");
    return s;
  }
};
struct OtherLeaf {
  int b = 1;
  static const Schema<OtherLeaf>& schema() {
    static const auto s = Schema<OtherLeaf>("leaf", "another that is called so").key("b", &OtherLeaf::b, "a number");
    return s;
  }
};
struct Tree {
  Leaf own{5};
  OtherLeaf other;
  std::vector<Tree> children;
  std::map<std::string, Tree> named;
  static const Schema<Tree>& schema() {
    static const auto s = Schema<Tree>("tree", "holds itself")
                              .key("own", &Tree::own, "with another default")
                              .key("other", &Tree::other, "of the same title")
                              .key("children", &Tree::children, "trees")
                              .key("named", &Tree::named, "trees");
    return s;
  }
};
struct Forest {
  Tree tree;
  static const Schema<Forest>& schema() {
    static const auto s = Schema<Forest>("forest", "").key("tree", &Forest::tree, "");
    return s;
  }
};

}  // namespace

TEST_CASE("a struct that holds itself refers to itself") {
  const Json tree = json_schema<Tree>();
  CHECK(tree["properties"]["children"]["items"] == Json::parse(R"({"$ref": "#"})"));
  const Json forest = json_schema<Forest>();
  CHECK(forest["$defs"]["tree"]["properties"]["children"]["items"] == Json::parse(R"({"$ref": "#/$defs/tree"})"));
  CHECK(flotilla::reader::read<Tree>(yaml("children: [{children: [{}]}]").root()).children[0].children.size() == 1);
}

TEST_CASE("two structs of one title stay apart") {
  const Json schema = json_schema<Tree>();
  CHECK(schema["$defs"]["leaf"]["description"] == "a leaf");
  CHECK(schema["$defs"]["leaf_2"]["description"] == "another that is called so");
}

TEST_CASE("a default that differs from the struct's own is told") {
  const Json schema = json_schema<Tree>();
  CHECK(schema["properties"]["own"]["default"] == Json::parse(R"({"a": 5})"));
  CHECK_FALSE(schema["properties"]["other"].contains("default"));
}
