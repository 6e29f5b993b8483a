// Is a dotted path read step by step, and does the path of any key lead back to it?
#include <doctest/doctest.h>

#include "scenarios/reader/path.hpp"
#include "tests/reader/fleet_fixture.hpp"

using flotilla::reader::child_path;
using flotilla::reader::parse_path;
using flotilla::reader::PathError;

namespace {

std::string shown(std::string_view path) {
  std::string text;
  try {
    for (const auto& step : parse_path(path)) {
      text +=
          (step.bracketed ? "[" : "") + step.key + (step.index ? "#" : "") + "@" + std::to_string(step.offset) + " ";
    }
  } catch (const PathError& error) {
    return std::to_string(error.offset) + ": " + error.message;
  }
  return text;
}

}  // namespace

TEST_CASE("keys, indices and quoted keys") {
  CHECK(shown("a") == "a@0 ");
  CHECK(shown("a.b.c") == "a@0 b@2 c@4 ");
  CHECK(shown("serving[0].tp") == "serving@0 [0#@8 tp@11 ");
  CHECK(shown("serving.0.tp") == "serving@0 0#@8 tp@10 ");
  CHECK(shown("a[1][2]") == "a@0 [1#@2 [2#@5 ");
  CHECK(shown("a[\"b.c\"].d") == "a@0 b.c@3 d@9 ");
  CHECK(shown("[\"a\\\"b\\\\\"]") == "a\"b\\@2 ");
}

TEST_CASE("what is no path") {
  CHECK(shown("") == "0: a key is missing here");
  CHECK(shown(".a") == "0: a key is missing here");
  CHECK(shown("a.") == "2: a key is missing here");
  CHECK(shown("a..b") == "2: a key is missing here");
  CHECK(shown("a[0]b") == "4: a '.' or a '[' is expected here");
  CHECK(shown("a[") == "1: a '[' is never closed");
  CHECK(shown("a[]") == "2: '' is not a place in a list: 0 is the first");
  CHECK(shown("a[1.5]") == "2: '1.5' is not a place in a list: 0 is the first");
  CHECK(shown("a[\"b]") == "1: a '[\"' is never closed by '\"]'");
  CHECK(shown("a[\"b\"") == "1: a '[\"' is never closed by '\"]'");
}

TEST_CASE("the path of any key leads back to it") {
  for (const std::string key : {"a", "a.b", "", "[0]", "a\"b", "a\\b", "a\\\"b", "\"]", "a=b", "0", " ", "é"}) {
    CAPTURE(key);
    for (const std::string before : {"", "x", "x[3]"}) {
      const auto steps = parse_path(child_path(before, key));
      CHECK(steps.back().key == key);
      CHECK_FALSE(steps.back().bracketed);
    }
  }
  CHECK(parse_path(child_path("x", std::size_t{7})).back().index == 7);
}

TEST_CASE("an override reaches any key by its path") {
  for (const std::string key : {"a", "a.b", "[0]", "a\"b", "a\\b", "\"]", "a=b", "0", "é"}) {
    CAPTURE(key);
    auto doc = fixture::yaml("name: x");
    doc.set(child_path("tiers", key) + "=5GB");
    CHECK(flotilla::reader::read<fixture::Scenario>(doc.root()).tiers.at(key) == flotilla::Bytes(5e9));
  }
}
