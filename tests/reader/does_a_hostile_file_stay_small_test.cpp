// Do files made to hurt (aliases that multiply, endless nesting, huge numbers of values) end in an error at once?
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;

namespace {

std::string load_error(const std::string& text) {
  return error_from([&] { yaml(text); });
}

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

/// Nine values per level, each the level before: 9^levels in all.
std::string billion_laughs(int levels) {
  std::string text = "a0: &a0 lol\n";
  for (int i = 1; i <= levels; ++i) {
    text += fmt::format("a{0}: &a{0} [*a{1}{2}]\n", i, i - 1, repeated(fmt::format(", *a{}", i - 1), 8));
  }
  return text;
}

}  // namespace

TEST_CASE("aliases that multiply are stopped") {
  const std::string error = load_error(billion_laughs(10));
  CHECK(error.find("aliases expand to more than 100000 values") != std::string::npos);
  CHECK(error.find("hint: aliases of aliases multiply") != std::string::npos);
  CHECK(error.find("s.yaml:7:10: a6[0]: ") == 0);
}

TEST_CASE("a few aliases of aliases are fine") { CHECK(load_error(billion_laughs(3)) == "no error"); }

TEST_CASE("a value that contains itself") {
  CHECK(load_error("a: &a [1, *a]") ==
        "s.yaml:1:11: a[1]: an alias inside the value that it stands for\n"
        "a: &a [1, *a]\n"
        "          ^");
  CHECK(load_error("a: &a {b: *a}").find("an alias inside the value that it stands for") != std::string::npos);
}

TEST_CASE("nesting has a limit, also through aliases") {
  const std::string too_deep = "values are nested more than 64 deep";
  CHECK(load_error("a: " + repeated("[", 60) + repeated("]", 60)) == "no error");
  CHECK(load_error("a: " + repeated("[", 70) + repeated("]", 70)).find(too_deep) != std::string::npos);
  CHECK(load_error("a: " + repeated("{b: ", 70) + repeated("}", 70)).find(too_deep) != std::string::npos);
  CHECK(load_error(repeated("- ", 70) + "a").find(too_deep) != std::string::npos);
  CHECK(load_error("a: &a " + repeated("[", 40) + repeated("]", 40) + "\nb: " + repeated("[", 40) + "*a" +
                   repeated("]", 40))
            .find(too_deep) != std::string::npos);
}

TEST_CASE("a hundred thousand brackets do not overflow the stack") {
  for (const char* bracket :
       {"[", "{", "- ", "? ", "{a: ", "[a: ", "!a ", "&a ", "'", "\"", "[,", "a: ", "|", ">", "*"}) {
    CAPTURE(bracket);
    CHECK(load_error("x: " + repeated(bracket, 100'000)) != "");
    CHECK(load_error(repeated(bracket, 100'000)) != "");
  }
}

TEST_CASE("the number of values has a limit") {
  const std::string error = load_error("a:\n" + repeated("- 1\n", 1'000'001));
  CHECK(error.find("more than 1000000 values") != std::string::npos);
  CHECK(error.find("hint: large data belongs in a file of its own") != std::string::npos);
}

TEST_CASE("text given in memory has the limit of a file") {
  CHECK(load_error("a: " + std::string(16'000'001, 'x')) == "s.yaml: more than 16 MB of text");
}

TEST_CASE("a long scenario is read whole") {
  std::string text = "name: x\nserving:\n";
  for (int i = 0; i < 100; ++i)
    text += "  - pool: pool-" + std::to_string(i) + "\n    tp: 8\n    replicas: 4\n    warm: true\n";
  CHECK(read_scenario(text).serving.size() == 100);
}
