// Does each mistake in a key or a value get an error with place, line, caret and a way out? The texts are what a user
// sees.
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;

TEST_CASE("a slip in a key is found and the key suggested") {
  CHECK(error_below("memroy: 80GB") ==
        "s.yaml:2:1: memroy: unknown key 'memroy'\n"
        "memroy: 80GB\n"
        "^\n"
        "hint: did you mean 'memory'?");
}

TEST_CASE("dashes and capitals in a key are slips, too") {
  CHECK(error_below("request-rate: 5").find("did you mean 'request_rate'?") != std::string::npos);
  CHECK(error_below("Seed: 5").find("did you mean 'seed'?") != std::string::npos);
}

TEST_CASE("a key that resembles none lists those that are valid") {
  CHECK(error_of("name: x\nslo: {colour: red}") ==
        "s.yaml:2:7: slo.colour: unknown key 'colour'\n"
        "slo: {colour: red}\n"
        "      ^\n"
        "hint: one of: ttft, percentile");
}

TEST_CASE("a key in the wrong mapping is told where it belongs") {
  CHECK(error_below("ttft: 1s") ==
        "s.yaml:2:1: ttft: unknown key 'ttft'\n"
        "ttft: 1s\n"
        "^\n"
        "hint: 'ttft' is a key of 'slo'");
}

TEST_CASE("a colon without its blank is noticed") {
  CHECK(error_of("{name: x, seed:5}") ==
        "s.yaml:1:11: seed:5: unknown key 'seed:5'\n"
        "{name: x, seed:5}\n"
        "          ^\n"
        "hint: put a blank behind the ':'");
}

TEST_CASE("a key given twice names the first place") {
  CHECK(error_below("seed: 1\nlink: 1GBps\nseed: 2") ==
        "s.yaml:4:1: seed: the key 'seed' is given twice\n"
        "seed: 2\n"
        "^\n"
        "hint: it was first given in line 2");
}

TEST_CASE("a key under its two names is given twice") {
  CHECK(error_below("request_rate: 1\nrate: 2") ==
        "s.yaml:3:1: rate: 'request_rate' and 'rate' are two names of one key\n"
        "rate: 2\n"
        "^\n"
        "hint: keep one of them");
}

TEST_CASE("a missing key is named with its help") {
  CHECK(error_of("seed: 1") ==
        "s.yaml:1:1: the key 'name' is missing\n"
        "seed: 1\n"
        "^\n"
        "hint: name: what the run is called");
  CHECK(error_below("serving:\n  - pool: a\n  - role: mixed") ==
        "s.yaml:4:5: serving[1]: the key 'pool' is missing\n"
        "  - role: mixed\n"
        "    ^\n"
        "hint: pool: name of the pool it runs on");
}

TEST_CASE("the letter O in place of a zero is noticed") {
  CHECK(error_below("seed: 8O") ==
        "s.yaml:2:7: seed: '8O' is not an integer\n"
        "seed: 8O\n"
        "      ^\n"
        "hint: did you mean 80? a letter stands in place of a digit");
  CHECK(error_below("request_rate: 1O.5").find("did you mean 10.5?") != std::string::npos);
  CHECK(error_below("seed: l0").find("did you mean 10?") != std::string::npos);
}

TEST_CASE("text where a number belongs") {
  CHECK(error_below("seed: abc") == "s.yaml:2:7: seed: 'abc' is not an integer\nseed: abc\n      ^");
  CHECK(error_below("request_rate: fast") ==
        "s.yaml:2:15: request_rate: 'fast' is not a number\nrequest_rate: fast\n              ^");
}

TEST_CASE("a number in quotes is text") {
  CHECK(error_below("seed: \"80\"") ==
        "s.yaml:2:7: seed: '80' in quotes is text, an integer is expected\n"
        "seed: \"80\"\n"
        "      ^\n"
        "hint: take the quotes away");
}

TEST_CASE("a suffix on a bare number") {
  CHECK(error_below("seed: 80k") ==
        "s.yaml:2:7: seed: '80k' is not an integer\n"
        "seed: 80k\n"
        "      ^\n"
        "hint: no unit or suffix here: write 20000, 20_000 or 2e4");
}

TEST_CASE("a comma between digits") {
  CHECK(error_below("seed: 1,000") ==
        "s.yaml:2:7: seed: '1,000' is not an integer\n"
        "seed: 1,000\n"
        "      ^\n"
        "hint: digits are grouped with '_' (1_000) and the decimal mark is '.'");
}

TEST_CASE("a value out of range is told the range") {
  CHECK(error_below("slo: {percentile: 150}") ==
        "s.yaml:2:19: slo.percentile: '150' is out of range\n"
        "slo: {percentile: 150}\n"
        "                  ^\n"
        "hint: valid: 0 to 100 %");
  CHECK(error_below("request_rate: 0") ==
        "s.yaml:2:15: request_rate: '0' is out of range\n"
        "request_rate: 0\n"
        "              ^\n"
        "hint: valid: above 0 1/s");
  CHECK(error_below("serving: [{pool: a, replicas: 0}]") ==
        "s.yaml:2:31: serving[0].replicas: '0' is out of range\n"
        "serving: [{pool: a, replicas: 0}]\n"
        "                              ^\n"
        "hint: valid: at least 1");
  CHECK(error_below("weights: [1, -2]") ==
        "s.yaml:2:14: weights[1]: '-2' is out of range\n"
        "weights: [1, -2]\n"
        "             ^\n"
        "hint: valid: at least 0");
}

TEST_CASE("a range of a quantity is shown in its unit") {
  CHECK(error_below("slo: {ttft: 2h}") ==
        "s.yaml:2:13: slo.ttft: '2h' is out of range\n"
        "slo: {ttft: 2h}\n"
        "            ^\n"
        "hint: valid: 0s to 1h");
  CHECK(error_below("memory: -1GB").find("hint: valid: at least 0B") != std::string::npos);
}

TEST_CASE("an integer too large for its type") {
  CHECK(error_below("seed: 9223372036854775808") ==
        "s.yaml:2:7: seed: '9223372036854775808' is out of range\n"
        "seed: 9223372036854775808\n"
        "      ^\n"
        "hint: valid: -9223372036854775808 to 9223372036854775807");
  CHECK(error_below("serving: [{pool: a, replicas: 3e9}]").find("hint: valid: 1 to 2147483647") != std::string::npos);
}

TEST_CASE("a fraction where a whole number belongs") {
  CHECK(error_below("seed: 1.5") ==
        "s.yaml:2:7: seed: '1.5' is not an integer\n"
        "seed: 1.5\n"
        "      ^\n"
        "hint: a whole number is expected");
}

TEST_CASE("a quantity without its unit") {
  CHECK(error_below("warmup: 30") ==
        "s.yaml:2:9: warmup: '30' has no unit\n"
        "warmup: 30\n"
        "        ^\n"
        "hint: a time needs a unit: 30s, 20ms, 10min");
}

TEST_CASE("a quantity of another dimension") {
  CHECK(error_below("memory: 400Gbps") ==
        "s.yaml:2:9: memory: '400Gbps' is a bandwidth, an amount of bytes is expected\n"
        "memory: 400Gbps\n"
        "        ^\n"
        "hint: for example 80GiB, 180GB, 512MiB");
  CHECK(error_below("link: 80GB").find("'80GB' is an amount of bytes, a bandwidth is expected") != std::string::npos);
}

TEST_CASE("a unit in the wrong case") {
  CHECK(error_below("memory: 80gb") ==
        "s.yaml:2:9: memory: '80gb': there is no unit 'gb'\n"
        "memory: 80gb\n"
        "        ^\n"
        "hint: did you mean '80GB'?");
}

TEST_CASE("a unit that does not exist") {
  CHECK(error_below("warmup: 5 weeks") ==
        "s.yaml:2:9: warmup: '5 weeks': 'weeks' is not a unit of time\n"
        "warmup: 5 weeks\n"
        "        ^\n"
        "hint: for example 30s, 20ms, 10min");
}

TEST_CASE("yes and no are text") {
  CHECK(error_below("serving: [{pool: a, warm: yes}]") ==
        "s.yaml:2:27: serving[0].warm: 'yes' is text, true or false is expected\n"
        "serving: [{pool: a, warm: yes}]\n"
        "                          ^\n"
        "hint: write true");
  CHECK(error_below("serving: [{pool: a, warm: off}]").find("hint: write false") != std::string::npos);
  CHECK(error_below("serving: [{pool: a, warm: \"true\"}]").find("hint: write true, without quotes") !=
        std::string::npos);
  CHECK(error_below("serving: [{pool: a, warm: maybe}]").find("hint") == std::string::npos);
}

TEST_CASE("a name that is not among the choices") {
  CHECK(error_below("router: least_laoded") ==
        "s.yaml:2:9: router: 'least_laoded' is not known here\n"
        "router: least_laoded\n"
        "        ^\n"
        "hint: did you mean 'least_loaded'?");
  CHECK(error_below("router: fastest").find("hint: one of: round_robin, least_loaded, random") != std::string::npos);
  CHECK(error_below("serving: [{pool: a, role: prefil}]").find("hint: did you mean 'prefill'?") != std::string::npos);
}

TEST_CASE("NaN and infinity are refused, but for a key that allows infinity") {
  CHECK(read_scenario("name: x\nrequest_rate: inf").request_rate == flotilla::reader::kNoLimit);
  CHECK(read_scenario("name: x\nrequest_rate: .inf").request_rate == flotilla::reader::kNoLimit);
  CHECK(error_below("request_rate: .nan") ==
        "s.yaml:2:15: request_rate: '.nan' cannot be used here\n"
        "request_rate: .nan\n"
        "              ^\n"
        "hint: a finite number is expected");
  CHECK(error_below("request_rate: -.inf").find("'-.inf' cannot be used here") != std::string::npos);
  CHECK(error_below("slo: {percentile: inf}").find("'inf' cannot be used here") != std::string::npos);
  CHECK(error_below("request_rate: 1e999").find("'1e999' is beyond what a number can hold") != std::string::npos);
  CHECK(error_below("memory: 1e999GB").find("'1e999GB' is beyond what a number can hold") != std::string::npos);
}

TEST_CASE("a value of the wrong shape") {
  CHECK(error_below("slo: 5") ==
        "s.yaml:2:6: slo: a mapping (key: value) is expected, '5' is given\n"
        "slo: 5\n"
        "     ^\n"
        "hint: its keys: ttft, percentile");
  CHECK(error_below("serving: {pool: a}") ==
        "s.yaml:2:10: serving: a list is expected, a mapping is given\n"
        "serving: {pool: a}\n"
        "         ^\n"
        "hint: write [a, b], or one '- ' line per element");
  CHECK(error_below("seed: [1]").find("seed: an integer is expected, a list is given") != std::string::npos);
  CHECK(error_below("warmup: {a: 1}").find("warmup: a time is expected, a mapping is given") != std::string::npos);
  CHECK(error_below("tiers: [1]").find("tiers: a mapping (name: value) is expected, a list is given") !=
        std::string::npos);
  CHECK(error_below("router: [a]").find("router: text is expected, a list is given") != std::string::npos);
}

TEST_CASE("a key without a value points at the key") {
  CHECK(error_below("seed:\nlink: 1GBps") ==
        "s.yaml:2:1: seed: an integer is expected, nothing is given\n"
        "seed:\n"
        "^");
  CHECK(error_below("seed: null").find("s.yaml:2:7: seed: an integer is expected, nothing is given") !=
        std::string::npos);
}

TEST_CASE("columns count characters, not bytes") {
  CHECK(error_of("{name: größer, seed: 8O}") ==
        "s.yaml:1:22: seed: '8O' is not an integer\n"
        "{name: größer, seed: 8O}\n"
        "                     ^\n"
        "hint: did you mean 80? a letter stands in place of a digit");
}

TEST_CASE("a very long line is shown around the caret") {
  const std::string blanks(500, ' ');
  CHECK(error_of("{name: " + std::string(500, 'x') + ", seed: 8O, router: random" + blanks + "}") ==
        "s.yaml:1:516: seed: '8O' is not an integer\n"
        "..." +
            std::string(52, 'x') + ", seed: 8O, router: random" + std::string(22, ' ') + "...\n" +
            std::string(63, ' ') +
            "^\n"
            "hint: did you mean 80? a letter stands in place of a digit");
}

TEST_CASE("control characters of a value do not reach the terminal") {
  CHECK(error_below("router: \"a\\e[31mb\"").find("'a\\x1b[31mb' is not known here") != std::string::npos);
}

TEST_CASE("a key with a dot in its name keeps a path that can be read") {
  CHECK(error_below("tiers: {a.b: fast}").find("s.yaml:2:14: tiers[\"a.b\"]: 'fast' is not an amount of bytes") !=
        std::string::npos);
}

TEST_CASE("the parts of an error can be asked for one by one") {
  try {
    read_scenario("name: x\nseed: 8O");
    FAIL("no error");
  } catch (const InputError& error) {
    CHECK(error.where().file == "s.yaml");
    CHECK(error.where().line == 2);
    CHECK(error.where().column == 7);
    CHECK(error.where().source_line == "seed: 8O");
    CHECK(error.path() == "seed");
    CHECK(error.message() == "'8O' is not an integer");
    CHECK(error.hint() == "did you mean 80? a letter stands in place of a digit");
  }
}
