// Does `key=value` on the command line set what it says, and point into itself when it is wrong?
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
using flotilla::reader::read;

namespace {

const char* const kText =
    "name: x\n"
    "serving:\n"
    "  - pool: a\n"
    "  - pool: b\n"
    "tiers: {}\n"
    "weights: []\n"
    "slo:\n";

Scenario with(const std::vector<std::string>& assignments) {
  auto doc = yaml(kText);
  for (const auto& assignment : assignments) doc.set(assignment);
  return read<Scenario>(doc.root());
}

/// The slo of kText is empty, which is an error of its own: each case sets it.
std::string set_error(const std::string& assignment) {
  return error_from([&] { with({"slo={}", assignment}); });
}

}  // namespace

TEST_CASE("a key is set, whether the file has it or not") {
  const Scenario value = with({"slo={}", "name=y", "request_rate=60", "warmup=2 min"});
  CHECK(value.name == "y");
  CHECK(value.request_rate == 60);
  CHECK(value.warmup == Seconds(120));
}

TEST_CASE("an element of a list is reached in both spellings") {
  const Scenario value = with({"slo={}", "serving[0].replicas=3", "serving.1.replicas=4"});
  CHECK(value.serving[0] == Serving{"a", Role::kMixed, 1, 3, false});
  CHECK(value.serving[1] == Serving{"b", Role::kMixed, 1, 4, false});
}

TEST_CASE("a mapping in between is made where there is none") {
  CHECK(with({"slo.ttft=2s"}).slo == Slo{Seconds(2), 99});
  CHECK(with({"slo={}", "tiers.hbm=80GB"}).tiers.at("hbm") == Bytes(80e9));
  auto doc = yaml("name: x");
  doc.set("slo.percentile=50");
  CHECK(read<Scenario>(doc.root()).slo.percentile == 50);
}

TEST_CASE("a key with a dot in its name is quoted in brackets") {
  CHECK(with({"slo={}", "tiers[\"a.b\"]=1GB"}).tiers.at("a.b") == Bytes(1e9));
  CHECK(with({"slo={}", "tiers[\"a=\\\"b\"]=1GB"}).tiers.at("a=\"b") == Bytes(1e9));
  CHECK(with({"slo={}", "name=\"[\\\"=\""}).name == "[\"=");
}

TEST_CASE("a value may be a list or a mapping") {
  const Scenario value = with({"slo={ttft: 3s, percentile: 50}", "weights=[1, 2]", "serving=[{pool: c}]"});
  CHECK(value.slo == Slo{Seconds(3), 50});
  CHECK(value.weights == std::vector<double>{1, 2});
  CHECK(value.serving.size() == 1);
}

TEST_CASE("the last of two assignments counts") { CHECK(with({"slo={}", "seed=5", "seed=6"}).seed == 6); }

TEST_CASE("a value may hold = and #") {
  CHECK(with({"slo={}", "name=a=b"}).name == "a=b");
  CHECK(with({"slo={}", "name=#1"}).name == "#1");
  CHECK(with({"slo={}", "name=\"8\""}).name == "8");
}

TEST_CASE("an alias in the file is not changed in its other places") {
  auto doc = yaml("name: x\nserving: [&a {pool: a}, *a]");
  doc.set("serving[1].replicas=2");
  const auto value = read<Scenario>(doc.root());
  CHECK_FALSE(value.serving[0].replicas.has_value());
  CHECK(value.serving[1].replicas == 2);
}

TEST_CASE("a wrong value points into the assignment") {
  CHECK(set_error("serving[1].replicas=8O") ==
        "command line:1:21: serving[1].replicas: '8O' is not an integer\n"
        "serving[1].replicas=8O\n"
        "                    ^\n"
        "hint: did you mean 80? a letter stands in place of a digit");
  CHECK(set_error("serving=[{pool: c}, {pool: d, tp: 0}]") ==
        "command line:1:35: serving[1].tp: '0' is out of range\n"
        "serving=[{pool: c}, {pool: d, tp: 0}]\n"
        "                                  ^\n"
        "hint: valid: 1 to 72 GPUs");
}

TEST_CASE("a wrong key points at its part of the path") {
  CHECK(set_error("slo.tfft=1s") ==
        "command line:1:5: slo.tfft: unknown key 'tfft'\n"
        "slo.tfft=1s\n"
        "    ^\n"
        "hint: did you mean 'ttft'?");
}

TEST_CASE("something that is no assignment") {
  CHECK(set_error("seed") ==
        "command line:1:1: 'seed' is not of the form key=value\nseed\n^\nhint: as in workload.request_rate=60");
  CHECK(set_error("=5").find("command line:1:1: a key is missing here") == 0);
  CHECK(set_error("slo..ttft=1s").find("command line:1:5: a key is missing here\nslo..ttft=1s\n    ^") == 0);
  CHECK(set_error("slo.=1").find("a key is missing here") != std::string::npos);
  CHECK(set_error("serving[0]x=1").find("command line:1:11: a '.' or a '[' is expected here") == 0);
  CHECK(set_error("serving[0=1").find("command line:1:8: a '[' is never closed") == 0);
  CHECK(set_error("serving[x].tp=1").find("command line:1:9: 'x' is not a place in a list: 0 is the first") == 0);
  CHECK(set_error("serving[-1].tp=1").find("'-1' is not a place in a list") != std::string::npos);
}

TEST_CASE("an element that is not there") {
  CHECK(set_error("serving[5].tp=1") ==
        "command line:1:9: serving[5]: there is no element 5 in 'serving'\n"
        "serving[5].tp=1\n"
        "        ^\n"
        "hint: its 2 elements are 0 to 1");
  CHECK(set_error("weights[0]=1").find("hint: the list is empty") != std::string::npos);
  CHECK(set_error("serving[99999999999999999999].tp=1").find("is not a place in a list") != std::string::npos);
}

TEST_CASE("a key of a list") {
  CHECK(set_error("serving.tp=1") ==
        "command line:1:9: serving.tp: 'serving' is a list: say which element\n"
        "serving.tp=1\n"
        "        ^\n"
        "hint: for example serving[0]; it has 2");
}

TEST_CASE("a key of a single value") {
  CHECK(set_error("name.first=1") ==
        "command line:1:6: name.first: 'name' is 'x', which has no keys\n"
        "name.first=1\n"
        "     ^\n"
        "hint: set the whole value: name=...");
}

TEST_CASE("an element of a mapping, or of nothing") {
  CHECK(set_error("slo[0]=1").find("command line:1:5: slo[0]: 'slo' is not a list") == 0);
  CHECK(set_error("other[0]=1").find("command line:1:7: other[0]: there is no list 'other'") == 0);
}

TEST_CASE("an empty value is nothing") {
  CHECK(set_error("seed=") == "command line:1:6: seed: an integer is expected, nothing is given\nseed=\n     ^");
  CHECK_FALSE(with({"slo={}", "serving[0].replicas=3", "serving[0].replicas="}).serving[0].replicas.has_value());
}

TEST_CASE("a path without end") {
  std::string path = "a";
  for (int i = 0; i < 100'000; ++i) path += ".a";
  CHECK(set_error(path + "=1").find("values are nested more than 64 deep") != std::string::npos);
}

TEST_CASE("a value that is not YAML, or not text") {
  CHECK(set_error("name={").find("command line:1:6: not valid YAML: this '{' is not closed") == 0);
  CHECK(set_error("name='x").find("command line:1:6: not valid YAML: a quote is opened and never closed") == 0);
  CHECK(set_error("name=\xff").find("command line:1:6: byte 0xff is not valid UTF-8") == 0);
  CHECK(set_error("seed=1\nname: 2").find("command line:2:") == 0);
}
