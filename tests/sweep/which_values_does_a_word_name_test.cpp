// The grammar of `flotilla sweep`: what is varied, word by word, and what is said of a word that is wrong.
#include <doctest/doctest.h>

#include <random>

#include "analysis/sweep/axis.hpp"

using namespace flotilla;
using analysis::Axis;
using analysis::parse_axis;

namespace {

/// The values of an axis with one key.
std::vector<std::string> values(const std::string& word) {
  std::vector<std::string> found;
  for (const auto& row : parse_axis(word).values) {
    REQUIRE(row.size() == 1);
    found.push_back(row.front());
  }
  return found;
}

using Texts = std::vector<std::string>;

/// What the user is told.
std::string complaint(const std::string& word) {
  try {
    parse_axis(word);
  } catch (const InputError& e) {
    return e.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("a list is taken apart at its commas") {
  const Axis axis = parse_axis("workload.max_concurrency=4, 8,16");
  CHECK(axis.keys == Texts{"workload.max_concurrency"});
  CHECK(values("workload.max_concurrency=4, 8,16") == Texts{"4", "8", "16"});
  CHECK(axis.swept());
}

TEST_CASE("one value is a change and no sweep") {
  CHECK_FALSE(parse_axis("seed=3").swept());
  CHECK(values("router=random") == Texts{"random"});
}

TEST_CASE("commas inside brackets, braces and quotes belong to the value") {
  CHECK(values("a={uniform: [80, 100]},512") == Texts{"{uniform: [80, 100]}", "512"});
  CHECK(values("a=[1, 2],[3]") == Texts{"[1, 2]", "[3]"});
  CHECK(values("name=\"x, y\",z") == Texts{"\"x, y\"", "z"});
}

TEST_CASE("a range has both its ends") {
  CHECK(values("n=range(1,4)") == Texts{"1", "2", "3", "4"});
  CHECK(values("n=range(10,50,20)") == Texts{"10", "30", "50"});
  CHECK(values("n=range(1,4,2)") == Texts{"1", "3"});
  CHECK(values("n=range(3,1,-1)") == Texts{"3", "2", "1"});
  CHECK(values("n=range(5,5)") == Texts{"5"});
}

TEST_CASE("fractions come out as people write them") {
  // In doubles 0.1 + 2 * 0.1 is 0.30000000000000004.
  CHECK(values("x=range(0.1,0.4,0.1)") == Texts{"0.1", "0.2", "0.3", "0.4"});
  CHECK(values("x=linspace(0,1,5)") == Texts{"0", "0.25", "0.5", "0.75", "1"});
}

TEST_CASE("equal factors") { CHECK(values("x=geomspace(1,64,7)") == Texts{"1", "2", "4", "8", "16", "32", "64"}); }

TEST_CASE("a unit follows a series, and series stand among values") {
  CHECK(values("slo.ttft=range(1,3)s") == Texts{"1s", "2s", "3s"});
  CHECK(values("n=1,range(4,6),10") == Texts{"1", "4", "5", "6", "10"});
}

TEST_CASE("keys that change together") {
  const Axis axis = parse_axis("serving[0].tensor_parallel_size,fleet.pools[0].gpus=1:8,2:16");
  CHECK(axis.keys == Texts{"serving[0].tensor_parallel_size", "fleet.pools[0].gpus"});
  CHECK(axis.values == std::vector<Texts>{{"1", "8"}, {"2", "16"}});
  const Axis lengths = parse_axis("a , b = {uniform: [1, 2]} : 3, 4:5");
  CHECK(lengths.keys == Texts{"a", "b"});
  CHECK(lengths.values == std::vector<Texts>{{"{uniform: [1, 2]}", "3"}, {"4", "5"}});
}

TEST_CASE("what is no assignment is answered with one") {
  CHECK(complaint("fast") ==
        "command line:1:1: 'fast' is not of the form key=values\nfast\n^\n"
        "hint: as in workload.max_concurrency=4,8,16 or workload.request_rate=range(10,60,10)");
}

TEST_CASE("a series that is none gets the nearest name") {
  CHECK(complaint("n=rnage(1,4)") ==
        "command line:1:3: 'rnage' is no series of values\nn=rnage(1,4)\n  ^\nhint: did you mean 'range'?");
}

TEST_CASE("a caret stands under what is wrong") {
  CHECK(complaint("a=1,,2") == "command line:1:5: a value is missing here\na=1,,2\n    ^\nhint: key=a,b,c");
  CHECK(complaint("a,=1:2") == "command line:1:3: a key is missing here\na,=1:2\n  ^\nhint: key=values");
  CHECK(complaint("a=[1,2") == "command line:1:3: this '[' is not closed\na=[1,2\n  ^");
  CHECK(complaint("a=1)") == "command line:1:4: this ')' closes nothing\na=1)\n   ^");
  CHECK(complaint("a=\"1") == "command line:1:3: this quote is not closed\na=\"1\n  ^");
  CHECK(complaint("n=range(1,x)") == "command line:1:11: 'x' is not a number\nn=range(1,x)\n          ^");
}

TEST_CASE("series without sense are refused") {
  CHECK(complaint("n=range(1)").find("wrong number of arguments") != std::string::npos);
  CHECK(complaint("n=range(1,4,0)").find("never reaches its end") != std::string::npos);
  CHECK(complaint("n=range(4,1)").find("never reaches its end") != std::string::npos);
  CHECK(complaint("n=range(1,1e9)").find("more than 100000 values") != std::string::npos);
  CHECK(complaint("n=linspace(0,1,1)").find("2 or more") != std::string::npos);
  CHECK(complaint("n=geomspace(0,8,4)").find("numbers above 0") != std::string::npos);
}

TEST_CASE("keys that change together need a value each") {
  CHECK(complaint("a,b=1:2,3") ==
        "command line:1:9: '3': 1 values for 2 keys\na,b=1:2,3\n        ^\n"
        "hint: keys that change together take one value each, separated by colons: 'a,b=1:10,2:20'");
  CHECK(complaint("a,a=1:2").find("stands here twice") != std::string::npos);
}

TEST_CASE("random words are read or refused, and nothing else") {
  const std::string letters = "ab01.,:=()[]{}'\"- erangelinspace";
  std::mt19937 random(7);
  int read = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string word = i % 2 == 0 ? "a=" : i % 4 == 1 ? "a,b=1:" : "n=range(";
    for (std::size_t length = random() % 12; length > 0; --length) word += letters[random() % letters.size()];
    try {
      const Axis axis = parse_axis(word);
      ++read;
      REQUIRE(!axis.values.empty());
      for (const auto& row : axis.values) REQUIRE(row.size() == axis.keys.size());
    } catch (const InputError&) {
    }
  }
  CHECK(read > 1'000);
}
