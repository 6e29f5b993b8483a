// Does every built-in type read from YAML, and read back equal from what is written?
#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <span>

#include "scenarios/reader/schema.hpp"

using namespace flotilla;

namespace fleet {

enum class Role { kMixed, kPrefill };
std::span<const std::pair<Role, std::string_view>> enum_names(Role) {
  static constexpr std::array<std::pair<Role, std::string_view>, 2> kNames{
      {{Role::kMixed, "mixed"}, {Role::kPrefill, "prefill"}}};
  return kNames;
}

struct Slo {
  Seconds ttft{1.0};
  double percentile = 99;
  bool operator==(const Slo&) const = default;
  static const reader::Schema<Slo>& schema() {
    static const auto s =
        reader::Schema<Slo>("slo", "What users were promised")
            .key("ttft", &Slo::ttft, "time to first token", {.min = 0})
            .key("percentile", &Slo::percentile, "of the requests", {.min = 0, .max = 100, .unit = "%"});
    return s;
  }
};

struct Serving {
  std::string pool;
  Role role = Role::kMixed;
  std::optional<int> replicas;
  std::vector<double> weights;
  std::map<std::string, Bytes> memory;
  Slo slo;
  bool operator==(const Serving&) const = default;
  static const reader::Schema<Serving>& schema() {
    static const auto s =
        reader::Schema<Serving>("serving", "A group of replicas")
            .key("pool", &Serving::pool, "name of the pool", {.required = true})
            .key("role", &Serving::role, "what it does")
            .key("replicas", &Serving::replicas, "copies", {.min = 1, .default_text = "as many as fit"})
            .key("weights", &Serving::weights, "numbers")
            .key("memory", &Serving::memory, "bytes by name")
            .key("slo", &Serving::slo, "promises");
    return s;
  }
};

}  // namespace fleet

TEST_CASE("a struct of every kind of member reads back equal") {
  const auto doc = reader::Document::from_text(
      "pool: chat\nrole: prefill\nreplicas: 1_000\nweights: [1, 2.5, 1e6]\nmemory: {hbm: 80GiB, host: 2TB}\nslo: "
      "{ttft: 20 ms}\n",
      "s.yaml");
  const auto value = reader::read<fleet::Serving>(doc.root());
  CHECK(value.pool == "chat");
  CHECK(value.role == fleet::Role::kPrefill);
  CHECK(value.replicas == 1000);
  CHECK(value.memory.at("hbm") == Bytes(80.0 * 1024 * 1024 * 1024));
  CHECK(value.slo.ttft == Seconds(0.02));
  const std::string text = reader::write_yaml(value);
  CHECK(reader::read<fleet::Serving>(reader::Document::from_text(text, "again").root()) == value);
  MESSAGE(reader::write_yaml(value, reader::origins_of(value, doc.root())));
  MESSAGE(reader::json_schema<fleet::Serving>().dump(1));
  MESSAGE(reader::reference_markdown<fleet::Serving>());
}
