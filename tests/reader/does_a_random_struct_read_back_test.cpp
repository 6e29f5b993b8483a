// Does any value of a struct, not only those we thought of, read back equal from each way of writing it?
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;

namespace {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Scenario scenario() {
    Scenario s;
    s.name = text();
    s.router = std::array{"round_robin", "least_loaded", "random"}[below(3)];
    s.request_rate = below(5) == 0 ? flotilla::reader::kNoLimit : positive();
    s.seed = static_cast<std::int64_t>(random_());
    s.memory = Bytes(positive());
    s.link = BytesPerSecond(positive());
    s.peak = FlopsPerSecond(positive());
    s.power = Watts(positive());
    s.price = UsdPerHour(positive());
    s.warmup = Seconds(positive());
    for (std::size_t i = below(4); i > 0; --i) s.weights.push_back(positive());
    for (std::size_t i = below(4); i > 0; --i) s.serving.push_back(serving());
    for (std::size_t i = below(4); i > 0; --i) s.tiers[text()] = Bytes(positive());
    s.slo = {Seconds(static_cast<double>(below(3'600'000)) / 1000), static_cast<double>(below(1'000'001)) / 10'000};
    return s;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  Serving serving() {
    Serving s;
    s.pool = text();
    s.role = std::array{Role::kMixed, Role::kPrefill, Role::kDecode}[below(3)];
    s.tensor_parallel_size = 1 + static_cast<int>(below(72));
    if (below(2) == 0) s.replicas = 1 + static_cast<int>(below(1'000'000));
    s.warm = s.role != Role::kPrefill && below(2) == 0;
    return s;
  }

  /// Any positive double, round ones as often as others.
  double positive() {
    if (below(2) == 0)
      return (1 + static_cast<double>(below(1000))) * std::pow(10.0, static_cast<double>(below(18)) - 6);
    const double value = std::abs(std::bit_cast<double>(random_()));
    return std::isfinite(value) && value > 0 ? value : 1;
  }

  std::string text() {
    static const std::vector<std::string> kParts{
        "a", "B",  "7", "_", "-",  ".",  " ",    ":",    ": ", "#",   " #",  "'", "\"", "\\",  "\n", "\t",
        "[", "]",  "{", "}", ",",  "*",  "&",    "!",    "|",  ">",   "%",   "@", "`",  "?",   "=",  "<<",
        "é", "漢", "😀", "~", "1e", "0x", "null", "true", "no", "---", "...", "/", "\r", "\x01"};
    std::string result;
    for (std::size_t i = below(8); i > 0; --i) result += kParts[below(kParts.size())];
    return result;
  }

  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("a random scenario reads back equal") {
  Generator generate(17);
  for (int i = 0; i < 1000; ++i) {
    const Scenario value = generate.scenario();
    const std::string text = flotilla::reader::write_yaml(value);
    CAPTURE(text);
    const Document doc = yaml(text);
    const auto again = flotilla::reader::read<Scenario>(doc.root());
    REQUIRE(again == value);
    REQUIRE(flotilla::reader::write_yaml(again) == text);
    REQUIRE(read_scenario(flotilla::reader::write_flow(value)) == value);

    const std::string commented = flotilla::reader::write_yaml(value, flotilla::reader::origins_of(value, doc.root()));
    REQUIRE(read_scenario(commented) == value);
  }
}

TEST_CASE("the origin of each leaf that is written is the line where it stands") {
  Generator generate(19);
  for (int i = 0; i < 200; ++i) {
    const Scenario value = generate.scenario();
    const std::string text = flotilla::reader::write_yaml(value);
    CAPTURE(text);
    const Document doc = yaml(text);
    for (const auto& entry : flotilla::reader::origins_of(value, doc.root())) {
      CAPTURE(entry.first);
      REQUIRE(entry.second == doc.origin(entry.first));
    }
  }
}
