// Does a value know its kind, its path and where it stands, and say so when it is asked for something it is not?
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;

namespace {

const char* const kText =
    "list: [a, \"b\", ~]\n"
    "map:\n"
    "  inner: 5\n"
    "  \"quoted key\": 6\n"
    "empty:\n"
    "shared: &s {x: 1}\n"
    "again: *s\n"
    "both: [*s]\n";

template <class Action>
std::string first_line(Action action) {
  const std::string error = error_from(action);
  return error.substr(0, error.find('\n'));
}

}  // namespace

TEST_CASE("a value knows its kind") {
  const Node root = yaml(kText).root();
  CHECK(root.is_mapping());
  CHECK(root.at("list").is_sequence());
  CHECK(root.at("list")[0].is_scalar());
  CHECK_FALSE(root.at("list")[0].is_quoted());
  CHECK(root.at("list")[1].is_quoted());
  CHECK(root.at("list")[2].is_null());
  CHECK(root.at("empty").is_null());
  CHECK(root.size() == 6);
  CHECK(root.at("list").size() == 3);
  CHECK(root.at("empty").size() == 0);
}

TEST_CASE("a value knows its path and its place") {
  const Node root = yaml(kText).root();
  CHECK(root.path().empty());
  CHECK(root.at("list")[1].path() == "list[1]");
  CHECK(root.at("list")[1].where().column == 11);
  CHECK(root.at("map").at("inner").path() == "map.inner");
  CHECK(root.at("map").at("inner").where().line == 3);
  CHECK(root.at("map").at("inner").where().column == 10);
  CHECK(root.at("map").at("inner").key_where().column == 3);
  CHECK(root.at("map").key_where().line == 2);
  CHECK(root.at("map").where().line == 3);
  CHECK(root.at("map").origin() == "s.yaml:3");
}

TEST_CASE("a value that is left out stands at its key, one that is spelled out where it is written") {
  const Node root = yaml("a:\nb: null\nc: ~\nd: [~]\nnull_key: {e: }\n").root();
  CHECK(root.at("a").where().line == 1);
  CHECK(root.at("a").where().column == 1);
  CHECK(root.at("b").where().column == 4);
  CHECK(root.at("c").where().column == 4);
  CHECK(root.at("d")[0].where().column == 5);
  CHECK(root.at("null_key").at("e").where().column == 12);
}

TEST_CASE("a shared value stands where it was written, under the key that uses it") {
  const Node root = yaml(kText).root();
  CHECK(root.at("again").at("x").path() == "again.x");
  CHECK(root.at("again").at("x").where().line == 6);
  CHECK(root.at("again").key_where().line == 7);
  CHECK(root.at("both")[0].key_where().line == 8);
  CHECK(root.at("both")[0].key_where().column == 8);
}

TEST_CASE("entries come in the order written") {
  std::string keys;
  for (const auto& [key, value] : yaml(kText).root().at("map").entries()) keys += key + "=" + value.text() + ";";
  CHECK(keys == "inner=5;quoted key=6;");
}

TEST_CASE("has and at look for one key") {
  const Node root = yaml(kText).root();
  CHECK(root.has("map"));
  CHECK_FALSE(root.has("mop"));
  CHECK_FALSE(root.at("list").has("a"));
  CHECK(first_line([&] { (void)root.at("mop"); }) == "s.yaml:1:1: the key 'mop' is missing");
}

TEST_CASE("a value says what it is when it is taken for something else") {
  const Node root = yaml(kText).root();
  CHECK(first_line([&] { (void)root.at("list").at("a"); }) ==
        "s.yaml:1:7: list: a mapping (key: value) is expected, a list is given");
  CHECK(first_line([&] { (void)root.at("list").entries(); }) ==
        "s.yaml:1:7: list: a mapping (key: value) is expected, a list is given");
  CHECK(first_line([&] { (void)root.at("map")[0]; }) == "s.yaml:3:3: map: a list is expected, a mapping is given");
  CHECK(first_line([&] { (void)root.at("list")[3]; }) ==
        "s.yaml:1:7: list: the list has 3 elements, element 3 is asked for");
  CHECK(first_line([&] { (void)root.at("map").text(); }) ==
        "s.yaml:3:3: map: a single value is expected, a mapping is given");
  CHECK(first_line([&] { (void)root.at("empty").text(); }) ==
        "s.yaml:5:1: empty: a single value is expected, nothing is given");
  CHECK(first_line([&] { root.at("map").at("inner").fail_type("a list"); }) ==
        "s.yaml:3:10: map.inner: a list is expected, '5' is given");
}

TEST_CASE("errors can be put at a value, at its key, or at a key that may be absent") {
  const Node map = yaml(kText).root().at("map");
  CHECK(error_from([&] { map.at("inner").fail("wrong", "right"); }) ==
        "s.yaml:3:10: map.inner: wrong\n  inner: 5\n         ^\nhint: right");
  CHECK(error_from([&] { map.at("inner").fail_at_key("wrong"); }) == "s.yaml:3:3: map.inner: wrong\n  inner: 5\n  ^");
  CHECK(error_from([&] { map.fail_for("inner", "wrong"); }) == "s.yaml:3:10: map.inner: wrong\n  inner: 5\n         ^");
  CHECK(error_from([&] { map.fail_for("outer", "wrong"); }) == "s.yaml:2:1: map.outer: wrong\nmap:\n^");
}

TEST_CASE("a value outlives its document") {
  const Node inner = [] { return yaml(kText).root().at("map").at("inner"); }();
  CHECK(inner.text() == "5");
  CHECK(inner.where().source_line == "  inner: 5");
}

TEST_CASE("a value taken before an override keeps what it was") {
  auto doc = yaml("a: {b: 1}");
  const Node before = doc.root();
  doc.set("a.b=2");
  CHECK(before.at("a").at("b").text() == "1");
  CHECK(doc.root().at("a").at("b").text() == "2");
}

TEST_CASE("an error that has no place still has its message") {
  CHECK(std::string(InputError({}, "", "wrong").what()) == "wrong");
  CHECK(std::string(InputError({"f.yaml", 0, 0, ""}, "a.b", "wrong", "right").what()) ==
        "f.yaml: a.b: wrong\nhint: right");
  CHECK(std::string(InputError({"f.csv", 7, 0, ""}, "", "wrong").what()) == "f.csv:7: wrong");
  CHECK(std::string(InputError({"f.yaml", 1, 99, "ab"}, "", "wrong").what()) == "f.yaml:1:99: wrong\nab\n  ^");
  CHECK(std::string(InputError({"f.yaml", 1, 3, "\tab"}, "", "wrong").what()) == "f.yaml:1:3: wrong\n\tab\n\t ^");
}
