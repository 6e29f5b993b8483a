// Typed-in first values of each stream: a compiler, standard library or Boost that gives others would change every
// result.
#include <doctest/doctest.h>

#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

TEST_CASE("streams are apart from each other and from those of other seeds") {
  const std::vector<std::string> names{"arrivals", "input_tokens", "output_tokens", "routing"};
  std::vector<std::uint64_t> seeds;
  for (const auto& name : names) {
    for (std::uint64_t base = 0; base < 50; ++base) seeds.push_back(stream_seed(base, name));
  }
  std::sort(seeds.begin(), seeds.end());
  CHECK(std::adjacent_find(seeds.begin(), seeds.end()) == seeds.end());
  static_assert(hash_text("") == 0xCBF29CE484222325ULL &&
                hash_text("a") == 0xAF63DC4C8601EC8CULL);  // the published test vectors
  static_assert(mix_bits(0) == 0xE220A8397B1DCDAFULL);     // first output of SplitMix64 seeded with 0
}

TEST_CASE("each stream begins as it did when these numbers were written down") {
  const std::vector<std::pair<std::string, std::vector<std::uint64_t>>> expected{
      {"arrivals",
       {7232479601932914702U, 5194243865129371613U, 1738460931711307923U, 13386460720066814681U,
        15828678693335438655U}},
      {"input_tokens",
       {3877636436735496175U, 14084795066381673048U, 12087284161575275922U, 16179203274970772820U,
        1016936351052811901U}},
      {"output_tokens",
       {15985005898263578353U, 12217665327345530515U, 10078219733605074726U, 6158611461214740504U,
        8727345762717333294U}},
      {"routing",
       {11061051563583614766U, 14667705917824770832U, 2259032403498634688U, 2175663598207647531U,
        16539916010966626577U}}};
  for (const auto& [name, values] : expected) {
    RandomEngine engine = make_stream(1, name);
    for (const std::uint64_t value : values) CHECK(engine() == value);
  }
}

TEST_CASE("each distribution turns them into the same draws") {
  const auto draws = [](const auto& draw) {
    RandomEngine engine = make_stream(1, "arrivals");
    std::vector<double> values;
    for (int i = 0; i < 5; ++i) values.push_back(static_cast<double>(draw(engine)));
    return values;
  };
  // The logarithm and the exponential inside may differ by one unit in the last place between C libraries.
  const auto check = [](const std::vector<double>& values, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < 5; ++i) CHECK(values[i] == doctest::Approx(expected[i]).epsilon(1e-14));
  };
  check(draws([](auto& e) { return draw_unit(e); }),
        {0.3920735048436381, 0.2815805241496384, 0.09424215594712872, 0.7256814897294155, 0.858074391344465});
  check(draws([](auto& e) { return draw_exponential(e); }),
        {1.8209822117344898, 0.17757444513051446, 0.13594073176491853, 0.4910712533528754, 2.32592741811821});
  check(draws([](auto& e) { return draw_normal(e); }),
        {-1.0825813532975639, 0.24172472786191948, 0.1330550068364091, 0.6501491877217225, 1.7534934987608288});
  check(draws([](auto& e) { return draw_gamma(e, 0.5); }),
        {0.7010690530831158, 0.3745078530923442, 1.0414276228733412, 0.04254342045333517, 2.4957750150962807});
  check(draws([](auto& e) { return draw_gamma(e, 4); }),
        {3.807049149720484, 3.2004710850532385, 2.599668671837252, 2.5815535831239567, 2.24094034452691});
  check(draws([](auto& e) { return draw_integer(e, 1, 1000); }), {393, 282, 95, 726, 859});
}

TEST_CASE("a workload begins with the same requests") {
  const Load l = load(
      "{request_rate: 50, num_prompts: 5, input_tokens: {uniform: [640, 800]}, output_tokens: {lognormal: {mean: 211, "
      "p50: 129}}}");
  const std::vector<double> arrivals{0.036419644234689796, 0.03997113313730009, 0.042689947772598456,
                                     0.05251137283965596, 0.09902992120202017};
  const std::vector<std::int32_t> inputs{673, 762, 745, 781, 648};
  const std::vector<std::int32_t> outputs{221, 326, 37, 56, 46};
  REQUIRE(l.requests.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(l.requests[i].arrival == doctest::Approx(arrivals[i]).epsilon(1e-14));
    CHECK(l.requests[i].input_tokens == inputs[i]);
    CHECK(l.requests[i].output_tokens == outputs[i]);
  }
}
