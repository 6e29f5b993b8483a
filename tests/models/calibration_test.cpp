#include "models/calibration.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "scenarios/reader/embedded.hpp"

using namespace flotilla;
using namespace flotilla::models;

namespace {

std::string shipped(const std::string& name) {
  return std::string(reader::embedded_file("models/calibration/" + name + ".yaml").value());
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("each file is called after its GPU and engine, by which a run finds it without reading the others") {
  CHECK(flotilla::reader::embedded_names("models/calibration").size() == calibrations().size());
  for (const auto& c : calibrations()) {
    CAPTURE(c.gpu);
    CHECK(flotilla::reader::embedded_file("models/calibration/" + c.gpu + "-" + c.engine + ".yaml").has_value());
  }
}

TEST_CASE("every GPU of the catalogue has coefficients for vLLM and TensorRT-LLM, with their provenance") {
  std::set<std::string> cells;
  for (const auto& c : calibrations()) {
    INFO(c.gpu << " " << c.engine);
    CHECK(load_gpu(c.gpu).name == c.gpu);
    CHECK(load_engine(c.engine).name == c.engine);
    CHECK_FALSE(c.provenance.empty());
    CHECK_FALSE(c.engine_versions.empty());
    cells.insert(c.gpu + "/" + c.engine);
  }
  for (const std::string gpu : {"h100-sxm", "h200-sxm", "b200-hgx", "gb200"}) {
    for (const std::string engine : {"vllm", "tensorrt-llm"}) CHECK(cells.count(gpu + "/" + engine) == 1);
  }
}

TEST_CASE("the engine's own time is never negative, and a fit says what it rests on") {
  for (const auto& c : calibrations()) {
    INFO(c.gpu << " " << c.engine);
    int points = 0;
    for (const auto& profile : c.profiles) {
      CHECK(profile.host.per_step >= 0);
      CHECK(profile.host.per_sequence >= 0);
      CHECK(profile.host.mixed_floor >= 0);
      CHECK(profile.frontend.per_request >= 0);
      CHECK(profile.frontend.per_input_token >= 0);
    }
    for (const auto& [name, format] : c.formats) {
      points += format.tpot.points;
      if (format.tpot.points == 0) continue;
      CHECK(format.tpot.median_error <= 0.10);
      CHECK_FALSE(format.tpot.tensor_parallel_sizes.empty());
    }
    for (const auto& [name, scales] : c.expert_scales) points += scales.tpot.points;
    CHECK((points > 0) == c.scales_from.empty());
  }
}

TEST_CASE("all-reduce curves have at most eight knots, both sides rising") {
  for (const auto& c : calibrations()) {
    for (const auto& curve : c.all_reduce.curves) {
      CHECK(curve.bytes.size() <= 8);
      for (std::size_t i = 1; i < curve.bytes.size(); ++i) {
        CHECK(curve.bytes[i] > curve.bytes[i - 1]);
        CHECK(curve.seconds[i] >= curve.seconds[i - 1]);
      }
    }
  }
}

TEST_CASE("a malformed coefficient file is refused with the reason") {
  const auto good = shipped("h100-sxm-vllm");
  const auto read = [](const std::string& text) {
    return read_calibration(reader::Document::from_text(text, "mine.yaml"));
  };
  CHECK(read(good).gpu == "h100-sxm");
  CHECK_THROWS_WITH_AS(read(replaced(good, "sharpness", "sharpnes")), doctest::Contains("sharpness"), InputError);
  CHECK_THROWS_WITH_AS(read(replaced(good, "  bf16:\n    gemm", "  int4:\n    gemm")), doctest::Contains("bf16"),
                       InputError);
  CHECK_THROWS_WITH_AS(read(replaced(good, "bytes: [8192,", "bytes: [8192, 16384,")),
                       doctest::Contains("as many sizes as times"), InputError);
  CHECK_THROWS_AS(read(replaced(good, "launch: ", "launch: -")), InputError);
}
