// Does every built-in type read from YAML, and read back equal from what is written?
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
using flotilla::reader::read;
using flotilla::reader::write_flow;
using flotilla::reader::write_yaml;

namespace {

const char* const kFull =
    "name: a test\n"
    "router: least_loaded\n"
    "rate: inf\n"
    "seed: 20_000\n"
    "memory: 80GiB\n"
    "link: 400Gbps\n"
    "peak: 1979TF\n"
    "power: 1.2kW\n"
    "price: 6.03\n"
    "warmup: 20 ms\n"
    "weights: [1, 2.5, 1e6]\n"
    "serving:\n"
    "  - pool: chat\n"
    "    role: prefill\n"
    "    tp: 8\n"
    "  - {pool: \"7\", replicas: 3, warm: true}\n"
    "tiers: {host.ram: 2TB, hbm: 80GiB}\n"
    "slo: {ttft: 500ms}\n";

}  // namespace

TEST_CASE("every kind of member is read") {
  const Scenario value = read_scenario(kFull);
  CHECK(value.name == "a test");
  CHECK(value.request_rate == flotilla::reader::kNoLimit);
  CHECK(value.seed == 20000);
  CHECK(value.memory == Bytes(80.0 * 1024 * 1024 * 1024));
  CHECK(value.link == BytesPerSecond(50e9));
  CHECK(value.peak == FlopsPerSecond(1979e12));
  CHECK(value.power == Watts(1200));
  CHECK(value.price == UsdPerHour(6.03));
  CHECK(value.warmup == Seconds(0.02));
  CHECK(value.weights == std::vector<double>{1, 2.5, 1e6});
  REQUIRE(value.serving.size() == 2);
  CHECK(value.serving[0].role == Role::kPrefill);
  CHECK(value.serving[0].tensor_parallel_size == 8);
  CHECK_FALSE(value.serving[0].replicas.has_value());
  CHECK(value.serving[1].pool == "7");
  CHECK(value.serving[1].replicas == 3);
  CHECK(value.serving[1].warm);
  CHECK(value.tiers.at("host.ram") == Bytes(2e12));
  CHECK(value.slo == Slo{Seconds(0.5), 99});
}

TEST_CASE("what is written reads back equal, and is written the same again") {
  const Scenario value = read_scenario(kFull);
  const std::string text = write_yaml(value);
  const Scenario again = read_scenario(text);
  CHECK(again == value);
  CHECK(write_yaml(again) == text);
}

TEST_CASE("the text of a whole struct") {
  CHECK(write_yaml(read_scenario(kFull)) ==
        "name: a test\n"
        "router: least_loaded\n"
        "request_rate: inf\n"
        "seed: 20000\n"
        "memory: 80GiB\n"
        "link: 50GBps\n"
        "peak: 1979TF\n"
        "power: 1200W\n"
        "price: 6.03\n"
        "warmup: 20ms\n"
        "weights: [1, 2.5, 1000000]\n"
        "serving:\n"
        "  - pool: chat\n"
        "    role: prefill\n"
        "    tensor_parallel_size: 8\n"
        "    warm: false\n"
        "  - pool: \"7\"\n"
        "    role: mixed\n"
        "    tensor_parallel_size: 1\n"
        "    replicas: 3\n"
        "    warm: true\n"
        "tiers:\n"
        "  hbm: 80GiB\n"
        "  host.ram: 2TB\n"
        "slo:\n"
        "  ttft: 0.5s\n"
        "  percentile: 99\n");
}

TEST_CASE("the flow text of a struct reads back, too") {
  const Scenario value = read_scenario(kFull);
  const std::string text = write_flow(value);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(read_scenario(text) == value);
}

TEST_CASE("a struct keeps its defaults where keys are absent") {
  Scenario expected;
  expected.name = "x";
  CHECK(read_scenario("name: x") == expected);
  CHECK(read_scenario(write_yaml(expected)) == expected);
}

TEST_CASE("null leaves an optional out") {
  CHECK_FALSE(read<Serving>(yaml("{pool: a, replicas: null}").root()).replicas.has_value());
}

TEST_CASE("an enum with two names is written with the first") {
  CHECK(write_flow(read<Serving>(yaml("{pool: a, role: both}").root())).find("role: mixed") != std::string::npos);
}

TEST_CASE("anything may stand in a text") {
  for (const std::string text :
       {"",         " ",        "a b",   "true",       "null", "~",   "80",   "1e6", "0x1F", "2024-01-01",
        "yes",      "a: b",     "a #b",  "#a",         "- a",  "[a]", "{a}",  "'",   "\"",   "\\",
        "a\nb",     "a\tb",     "\r",    "é ü 漢字 😀", "*a",   "&a",  "!a",   "%a",  "@a",   "`a",
        "|",        ">",        ".5",    "...",        "---",  "inf", ".nan", "a,b", "a]",   "trailing ",
        " leading", "\x01\x7f", "C:\\x", "1:30",       "=",    "<<"}) {
    CAPTURE(text);
    Scenario value;
    value.name = text;
    value.tiers[text] = Bytes(1);
    CHECK(read_scenario(write_yaml(value)) == value);
    CHECK(read_scenario(write_flow(value)) == value);
    CHECK(read_scenario(write_yaml(value, {{"", text}})) == value);
  }
}

namespace {

struct Inner {
  int a = 1;
  int b = 2;
  static const Schema<Inner>& schema() {
    static const auto s =
        Schema<Inner>("inner", "two numbers").key("a", &Inner::a, "first").key("b", &Inner::b, "second");
    return s;
  }
};
struct Base {
  int inherited = 5;
};
struct Outer : Base {
  Inner inner{10, 20};
  std::uint8_t small = 0;
  std::uint64_t large = 0;
  static const Schema<Outer>& schema() {
    static const auto s = Schema<Outer>("outer", "has defaults of its own")
                              .key("inherited", &Outer::inherited, "from the base")
                              .key("inner", &Outer::inner, "two numbers")
                              .key("small", &Outer::small, "a byte")
                              .key("large", &Outer::large, "a count");
    return s;
  }
};

}  // namespace

TEST_CASE("keys of a nested mapping are read over the outer struct's defaults") {
  const auto value = read<Outer>(yaml("inner: {a: 1}").root());
  CHECK(value.inner.a == 1);
  CHECK(value.inner.b == 20);
}

TEST_CASE("members of a base class and of every integer type are keys") {
  const auto value = read<Outer>(yaml("{inherited: 6, small: 255, large: 9223372036854775807}").root());
  CHECK(value.inherited == 6);
  CHECK(value.small == 255);
  CHECK(value.large == 9223372036854775807u);
  CHECK(error_from([] { read<Outer>(yaml("small: 256").root()); }).find("hint: valid: 0 to 255") != std::string::npos);
  CHECK(error_from([] { read<Outer>(yaml("large: -1").root()); }).find("hint: valid: 0 to 9223372036854775807") !=
        std::string::npos);
}

TEST_CASE("a schema in which two keys share a name is a mistake of ours") {
  CHECK_THROWS_AS(Schema<Inner>("twice", "").key("a", &Inner::a, "").key("a", &Inner::b, ""), std::logic_error);
}
