// Does text that nobody would write (a scenario with random damage, random bytes, random overrides) ever end in
// anything but a value or an InputError? Run with sanitizers, this also finds reads beyond a buffer.
#include <doctest/doctest.h>

#include <random>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;

namespace {

using Random = std::mt19937_64;

const std::string kScenario =
    "# a comment\nname: &n \"migration\\t\\x41\"\nrouter: 'least_loaded'\nrate: 5.0e1\nseed: 1_000\nmemory: 80 "
    "GiB\nlink: 400Gbps\n"
    "weights: [1, 2.5, {a: b}, -inf]\nserving:\n  - &s\n    pool: chat\n    role: mixed\n    tp: 8\n  - *s\n  - {pool: "
    "*n, replicas: 3}\n"
    "tiers: {hbm: 1GB, \"a.b\": 2TB}\nslo: {ttft: 500ms, percentile: 99}\ntext: |\n  two\n  lines\nfolded: >-\n  a\n\n "
    " b\n...\n";

const std::string kSpice = "[]{}:,-?&*!|>'\"%@`#~ \t\n\r\\<=.0123456789eE_+xOnulltrue\xc3\xa9\xff";

std::string damaged(std::string text, Random& random) {
  const int edits = 1 + static_cast<int>(random() % 6);
  for (int i = 0; i < edits && !text.empty(); ++i) {
    const std::size_t at = random() % text.size();
    const std::size_t length = random() % 12;
    switch (random() % 5) {
      case 0:
        text[at] = kSpice[random() % kSpice.size()];
        break;
      case 1:
        text.insert(at, 1, kSpice[random() % kSpice.size()]);
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, text.substr(random() % text.size(), length));
        break;
      default:
        text.resize(at);
        break;
    }
  }
  return text;
}

/// True when `action` ends in a value or an InputError that has something to say.
template <class Action>
bool ends_well(Action action) {
  try {
    action();
    return true;
  } catch (const InputError& error) {
    return !error.message().empty() && std::string(error.what()).size() < 2000;
  }
}

void read_and_write(Document& doc) {
  const auto value = flotilla::reader::read<Scenario>(doc.root());
  const std::string text = flotilla::reader::write_yaml(value, flotilla::reader::origins_of(value, doc.root()));
  if (!(read_scenario(text) == value)) throw std::logic_error("does not read back:\n" + text);
}

}  // namespace

TEST_CASE("a damaged scenario") {
  Random random(1);
  int good = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = damaged(kScenario, random);
    CAPTURE(text);
    REQUIRE(ends_well([&] { yaml(text); }));
    REQUIRE(ends_well([&] {
      auto doc = yaml(text);
      ++good;
      read_and_write(doc);
    }));
  }
  CHECK(good > 100);  // the damage is light enough to get behind the parser
}

TEST_CASE("a scenario that is right but for one value") {
  Random random(2);
  const std::vector<std::string> keys{"name",   "router",  "rate",    "seed",  "memory", "link",
                                      "warmup", "weights", "serving", "tiers", "slo",    "peak"};
  const std::vector<std::string> values{"1",          "-1",    "1e6", "1e999",  "80GB", "inf",  ".nan",
                                        "[1]",        "[]",    "{}",  "{a: 1}", "~",    "",     "yes",
                                        "true",       "\"x\"", "5s",  "-5s",    "0",    "1__0", "[{pool: a}]",
                                        "{ttft: 1s}", "8O",    "é",   "*a",     "&a 5", "!x 5"};
  for (int i = 0; i < 1500; ++i) {
    const std::string text = "name: x\n" + keys[random() % keys.size()] + ": " + values[random() % values.size()] +
                             "\n" + keys[random() % keys.size()] + ": " + values[random() % values.size()] + "\n";
    CAPTURE(text);
    REQUIRE(ends_well([&] {
      auto doc = yaml(text);
      read_and_write(doc);
    }));
  }
}

TEST_CASE("bytes without meaning") {
  Random random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string text(random() % 60, ' ');
    for (char& c : text) c = i % 2 == 0 ? static_cast<char>(random() % 256) : kSpice[random() % kSpice.size()];
    CAPTURE(text);
    REQUIRE(ends_well([&] { yaml(text); }));
  }
}

TEST_CASE("overrides without meaning") {
  Random random(4);
  const std::vector<std::string> good{"serving[0].tp=2", "serving.1.replicas=3", "slo.ttft=20ms", "tiers[\"a.b\"]=1GB",
                                      "weights=[1, 2]"};
  for (int i = 0; i < 3000; ++i) {
    const std::string assignment = damaged(good[random() % good.size()], random);
    CAPTURE(assignment);
    REQUIRE(ends_well([&] {
      auto doc = yaml(kScenario.substr(0, kScenario.find("text:")));
      doc.set("weights=[]");
      doc.set(assignment);
      read_and_write(doc);
    }));
  }
}

TEST_CASE("paths without meaning") {
  Random random(5);
  const auto doc = yaml("a: {b: [1, {c: 2}]}\n");
  for (int i = 0; i < 3000; ++i) {
    const std::string path = damaged("a.b[1].c", random);
    CAPTURE(path);
    REQUIRE(ends_well([&] {
      const auto where = doc.where(path);
      CHECK(where.line == 1);
      doc.fail(path, "wrong", "right");
    }));
  }
}
