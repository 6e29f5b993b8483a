// Is a rule that ties keys of one mapping together checked after they are read, wherever the mapping stands?
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
using flotilla::reader::read;

namespace {

struct Fleet {
  int gpus = 8;
  int tp = 1;
  static const Schema<Fleet>& schema() {
    static const auto s =
        Schema<Fleet>("fleet", "GPUs")
            .key("gpus", &Fleet::gpus, "all of them", {.min = 1})
            .key("tp", &Fleet::tp, "per replica", {.min = 1})
            .check([](const Fleet& f, const Node& node) {
              if (f.gpus % f.tp != 0)
                node.fail_for("tp", std::to_string(f.tp) + " does not divide " + std::to_string(f.gpus) + " GPUs");
            })
            .check([](const Fleet& f, const Node& node) {
              if (f.tp > f.gpus) node.fail("more GPUs per replica than there are");
            });
    return s;
  }
};

std::string fleet_error(const std::string& text) {
  return error_from([&] { read<Fleet>(yaml(text).root()); });
}

}  // namespace

TEST_CASE("a rule that holds says nothing") {
  CHECK(fleet_error("{gpus: 8, tp: 4}") == "no error");
  CHECK(fleet_error("{}") == "no error");
}

TEST_CASE("the error stands at the key that was given") {
  CHECK(fleet_error("{gpus: 8, tp: 3}") ==
        "s.yaml:1:15: tp: 3 does not divide 8 GPUs\n"
        "{gpus: 8, tp: 3}\n"
        "              ^");
}

TEST_CASE("the error stands at the mapping where the key was left to its default") {
  struct Odd : Fleet {
    static const Schema<Odd>& schema() {
      static const auto s =
          Schema<Odd>("odd", "").key("gpus", &Odd::gpus, "").check([](const Odd& odd, const Node& node) {
            if (odd.gpus == 7) node.fail_for("tp", "cannot split 7 GPUs");
          });
      return s;
    }
  };
  CHECK(error_from([] { read<Odd>(yaml("# GPUs\ngpus: 7").root()); }) ==
        "s.yaml:2:1: tp: cannot split 7 GPUs\n"
        "gpus: 7\n"
        "^");
}

TEST_CASE("rules run after the types are checked, in their order") {
  CHECK(fleet_error("{gpus: 8, tp: x}").find("'x' is not an integer") != std::string::npos);
  CHECK(fleet_error("{gpus: 2, tp: 4}").find("4 does not divide 2 GPUs") != std::string::npos);
}

TEST_CASE("a rule of a nested mapping runs in lists, and over the command line") {
  CHECK(error_below("serving:\n  - pool: a\n    role: prefill\n    warm: true\n") ==
        "s.yaml:5:11: serving[0].warm: a prefill replica cannot be warm\n"
        "    warm: true\n"
        "          ^\n"
        "hint: drop one of the two");
  auto doc = yaml("name: x\nserving: [{pool: a, role: prefill}]");
  doc.set("serving[0].warm=true");
  CHECK(error_from([&] {
          read<Scenario>(doc.root());
        }).find("command line:1:17: serving[0].warm: a prefill replica cannot be warm") == 0);
}

TEST_CASE("a mapping that is shared by an alias is checked in each place") {
  CHECK(error_of("name: x\nserving: [{pool: a, replicas: &n 0}]")
            .find("s.yaml:2:31: serving[0].replicas: '0' is out of range") == 0);
  CHECK(read_scenario("name: x\nserving: [&a {pool: a, tp: 2}, *a]").serving[1].tensor_parallel_size == 2);
}
