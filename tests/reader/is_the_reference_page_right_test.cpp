// Does the reference page show every key with type, unit, default, range and help?
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
using flotilla::reader::reference_markdown;

TEST_CASE("a struct becomes a table") {
  CHECK(reference_markdown<Serving>().find(
            "## `serving`\n"
            "\n"
            "A group of equal replicas\n"
            "\n"
            "| key | type | unit | default | range | help |\n"
            "|---|---|---|---|---|---|\n"
            "| `pool` | text |  | required |  | name of the pool it runs on |\n"
            "| `role` | one of `mixed`, `prefill`, `decode`, `both` |  | `mixed` |  | what it does |\n"
            "| `tensor_parallel_size`, also `tp` | integer | GPUs | `1` | 1 to 72 | GPUs that share a layer |\n"
            "| `replicas` | integer |  | as many as fit | at least 1 | copies |\n"
            "| `warm` | true or false |  | `false` |  | starts with its weights loaded |\n") == 0);
}

TEST_CASE("the structs inside follow, each once") {
  const std::string page = reference_markdown<Scenario>();
  const std::size_t scenario = page.find("## `scenario`");
  const std::size_t serving = page.find("## `serving`");
  const std::size_t slo = page.find("## `slo`");
  CHECK(scenario == 0);
  CHECK(serving < slo);
  CHECK(slo != std::string::npos);
  CHECK(page.find("## `serving`", serving + 1) == std::string::npos);
}

TEST_CASE("choices, infinity, quantities and containers") {
  const std::string page = reference_markdown<Scenario>();
  CHECK(page.find("| `router` | text |  | `round_robin` | `round_robin`, `least_loaded`, `random` |") !=
        std::string::npos);
  CHECK(page.find("| `request_rate`, also `rate` | number | 1/s | `1` | above 0, or `inf` |") != std::string::npos);
  CHECK(page.find("| `memory` | bytes |  | `80GB` |") != std::string::npos);
  CHECK(page.find("| `price` | number (USD per hour) |  | `2.5` |") != std::string::npos);
  CHECK(page.find("| `weights` | list of number |  | `[]` | at least 0 |") != std::string::npos);
  CHECK(page.find("| `serving` | list of mapping `serving` |  | `[]` |") != std::string::npos);
  CHECK(page.find("| `tiers` | mapping of names to bytes |") != std::string::npos);
  CHECK(page.find("| `slo` | mapping `slo` |  | its own defaults |") != std::string::npos);
}

TEST_CASE("the page ends with how values are written") {
  const std::string page = reference_markdown<Slo>();
  CHECK(page.find("## How values are written") != std::string::npos);
  CHECK(page.find("`20000`, `20_000`, `2e4` or `20000.0`") != std::string::npos);
}

TEST_CASE("a bar in a text does not break the table") {
  struct Bar {
    std::string a = "x|y";
    static const Schema<Bar>& schema() {
      static const auto s = Schema<Bar>("bar", "").key("a", &Bar::a, "this | that\nor");
      return s;
    }
  };
  CHECK(reference_markdown<Bar>().find("| `a` | text |  | `\"x\\|y\"` |  | this \\| that or |") != std::string::npos);
}
