// Can a user see, for each value of a run, where it was set?
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
using flotilla::reader::Origins;
using flotilla::reader::origins_of;
using flotilla::reader::read;
using flotilla::reader::write_yaml;

namespace {

Document scenario() {
  auto doc = yaml(
      "name: x\n"
      "rate: 5\n"
      "weights: [1,\n"
      "  2]\n"
      "serving:\n"
      "  - pool: chat\n"
      "    tp: 8\n"
      "tiers: {a.b: 1GB}\n"
      "slo: {ttft: 1s}\n");
  doc.set("slo.percentile=50");
  doc.set("memory=80GiB");
  return doc;
}

}  // namespace

TEST_CASE("every leaf has its origin") {
  const auto doc = scenario();
  const Origins origins = origins_of(read<Scenario>(doc.root()), doc.root());
  CHECK(origins.at("name") == "s.yaml:1");
  CHECK(origins.at("request_rate") == "s.yaml:2");  // given under its other name
  CHECK(origins.at("weights") == "s.yaml:3");
  CHECK(origins.at("serving[0].pool") == "s.yaml:6");
  CHECK(origins.at("serving[0].tensor_parallel_size") == "s.yaml:7");
  CHECK(origins.at("serving[0].role") == "default");
  CHECK(origins.at("tiers[\"a.b\"]") == "s.yaml:8");
  CHECK(origins.at("slo.ttft") == "s.yaml:9");
  CHECK(origins.at("slo.percentile") == "command line");
  CHECK(origins.at("memory") == "command line");
  CHECK(origins.at("seed") == "default");
  CHECK(origins.count("serving[0].replicas") == 0);
}

TEST_CASE("the resolved file shows them, and reads back without them") {
  const auto doc = scenario();
  const auto value = read<Scenario>(doc.root());
  const std::string text = write_yaml(value, origins_of(value, doc.root()));
  CHECK(text ==
        "name: x  # s.yaml:1\n"
        "router: round_robin  # default\n"
        "request_rate: 5  # s.yaml:2\n"
        "seed: 1  # default\n"
        "memory: 80GiB  # command line\n"
        "link: 50GBps  # default\n"
        "peak: 989TF  # default\n"
        "power: 700W  # default\n"
        "price: 2.5  # default\n"
        "warmup: 60s  # default\n"
        "weights: [1, 2]  # s.yaml:3\n"
        "serving:\n"
        "  - pool: chat  # s.yaml:6\n"
        "    role: mixed  # default\n"
        "    tensor_parallel_size: 8  # s.yaml:7\n"
        "    # replicas: as many as fit\n"
        "    warm: false  # default\n"
        "tiers:\n"
        "  a.b: 1GB  # s.yaml:8\n"
        "slo:\n"
        "  ttft: 1s  # s.yaml:9\n"
        "  percentile: 50  # command line\n");
  CHECK(read_scenario(text) == value);
  CHECK(write_yaml(read_scenario(text)) == write_yaml(value));
}

TEST_CASE("an origin holds for what is below it, until something there has its own") {
  Scenario value;
  value.name = "x";
  value.serving = {{"a", Role::kMixed, 1, 2, false}};
  const std::string text =
      write_yaml(value, {{"", "preset"}, {"serving[0]", "engine vllm"}, {"serving[0].replicas", "fitted"}});
  CHECK(text.find("name: x  # preset\n") == 0);
  CHECK(text.find("  - pool: a  # engine vllm\n") != std::string::npos);
  CHECK(text.find("    replicas: 2  # fitted\n") != std::string::npos);
  CHECK(text.find("slo:\n  ttft: 1s  # preset\n") != std::string::npos);
}

TEST_CASE("an origin cannot break out of its comment") {
  Scenario value;
  value.name = "x";
  const std::string text = write_yaml(value, {{"name", "a\nseed: 5"}});
  CHECK(text.find("name: x  # a?seed: 5\n") == 0);
}

TEST_CASE("a struct in which everything is absent is an empty mapping") {
  struct Empty {
    std::optional<int> a;
    static const Schema<Empty>& schema() {
      static const auto s = Schema<Empty>("empty", "").key("a", &Empty::a, "", {.default_text = "none"});
      return s;
    }
  };
  CHECK(write_yaml(Empty{}) == "{}\n");
  CHECK(write_yaml(Empty{}, {}) == "# a: none\n{}\n");
  CHECK(write_yaml(std::vector<Empty>(2), {}) == "  # a: none\n- {}\n  # a: none\n- {}\n");
  CHECK(write_yaml(std::vector<Empty>{}) == "[]\n");
  CHECK_FALSE(read<Empty>(yaml(write_yaml(Empty{}, {})).root()).a.has_value());
  CHECK(read<std::vector<Empty>>(yaml(write_yaml(std::vector<Empty>(2), {})).root()).size() == 2);
}

TEST_CASE("a document tells where a path was written") {
  const auto doc = scenario();
  CHECK(doc.where("serving[0].pool").line == 6);
  CHECK(doc.where("serving[0].pool").column == 11);
  CHECK(doc.where("serving.0.pool").column == 11);
  CHECK(doc.where("weights[1]").line == 4);
  CHECK(doc.where("tiers[\"a.b\"]").column == 14);
  CHECK(doc.where("memory").file == "command line");
}

TEST_CASE("a path that was not written is told the nearest enclosing place") {
  const auto doc = scenario();
  CHECK(doc.where("slo.tpot").line == 9);
  CHECK(doc.where("slo.tpot").column == 1);
  CHECK(doc.where("serving[3]").line == 5);
  CHECK(doc.where("seed").line == 1);
  CHECK(doc.where("").line == 1);
  CHECK(doc.where("..").line == 1);
}

TEST_CASE("a document tells the origin of what was written, and nothing of defaults") {
  const auto doc = scenario();
  CHECK(doc.origin("name") == "s.yaml:1");
  CHECK(doc.origin("memory") == "command line");
  CHECK(doc.origin("seed").empty());
  CHECK(doc.origin("slo.tpot").empty());
}

TEST_CASE("a check after reading fails at a path") {
  const auto doc = scenario();
  CHECK(error_from([&] { doc.fail("serving[0].pool", "there is no pool 'chat'", "one of: a, b"); }) ==
        "s.yaml:6:11: serving[0].pool: there is no pool 'chat'\n"
        "  - pool: chat\n"
        "          ^\n"
        "hint: one of: a, b");
}
