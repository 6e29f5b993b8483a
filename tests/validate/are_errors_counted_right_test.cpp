// Errors, classes and judgements on figures worked out by hand.
#include <doctest/doctest.h>

#include "analysis/validate/validation.hpp"
#include "analysis/validate/writers.hpp"
#include "tests/validate/points_table.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using namespace flotilla::tests;

namespace {

Outcome tpot(double ms) {
  Outcome o;
  o.tpot_ms = ms;
  return o;
}

Outcome skipped(const std::string& why) {
  Outcome o;
  o.skipped = why;
  return o;
}

/// Three closed-loop rows measured at 10 ms, predicted at 11, 9 and 12; one of another class; one that is not clean.
Validation example() {
  std::vector<RowText> rows;
  for (const char* const id : {"aic-a", "aic-b", "aic-c"})
    rows.push_back(with(llama_on_h100(), {{"id", id}, {"tpot_or_itl_ms", "10"}}));
  rows.push_back(with(llama_on_h100(), {{"id", "aic-d"}, {"model", "gpt-oss-120b"}, {"tpot_or_itl_ms", "10"}}));
  rows.push_back(
      with(llama_on_h100(), {{"id", "aic-e"}, {"clean", "0"}, {"qc_flag", "SUSPECT"}, {"tpot_or_itl_ms", "10"}}));
  return Validation(points_of(rows), {tpot(11), tpot(9), tpot(12), skipped("no such, \"model\""), tpot(20)}, {});
}

}  // namespace

TEST_CASE("median and p90 of absolute errors as numpy has them, MAPE, bias of the signed ones") {
  const auto s = error_statistics({0.1, -0.1, 0.2, -0.4});
  // Absolute, sorted: 0.1 0.1 0.2 0.4. Median 0.15; p90 at rank 2.7: 0.2 + 0.7 * 0.2 = 0.34; mean 0.2; signed median
  // between -0.1 and 0.1.
  CHECK(s.n == 4);
  CHECK(s.median == doctest::Approx(0.15));
  CHECK(s.p90 == doctest::Approx(0.34));
  CHECK(s.mean == doctest::Approx(0.2));
  CHECK(s.bias == doctest::Approx(0.0));
  CHECK(error_statistics(std::vector<double>{}).n == 0);
}

TEST_CASE("each row is judged in its class, rows that are not clean apart") {
  const auto validation = example();
  const auto classes = validation.classes();
  REQUIRE(classes.size() == 3);
  CHECK(classes[0].of->key == "llama-70b");
  CHECK(classes[0].group.predicted() == 3);
  const auto s = error_statistics(classes[0].group.points, Metric::kTpot);
  CHECK(s.median == doctest::Approx(0.1));                               // of 0.1, 0.1, 0.2
  CHECK(s.bias == doctest::Approx(0.1));                                 // of -0.1, 0.1, 0.2
  CHECK(judge(*classes[0].of, Metric::kTpot, s) == Judgement::kMissed);  // the target is 5 %
  CHECK(classes[1].of->key == "gpt-oss-120b");
  CHECK(judge(*classes[1].of, Metric::kTpot, error_statistics(classes[1].group.points, Metric::kTpot)) ==
        Judgement::kNothingToJudge);
  CHECK(classes[1].group.skipped().at("no such, \"model\"") == 1);
  CHECK(classes[2].of->key == "not-clean");
  CHECK(validation.not_clean().at(0).name == "SUSPECT");
  CHECK(validation.by([](const MeasuredPoint& p) { return p.gpu; }).at(0).points.size() == 4);
}

TEST_CASE("a target is met by its median, and by its p90 where one is set") {
  const auto& llama = *std::find_if(point_classes().begin(), point_classes().end(),
                                    [](const PointClass& c) { return c.key == "llama-70b"; });
  CHECK(judge(llama, Metric::kTpot, {10, 0.05, 0.15, 0.05, 0}) == Judgement::kMet);
  CHECK(judge(llama, Metric::kTpot, {10, 0.05, 0.16, 0.05, 0}) == Judgement::kMissed);
  CHECK(judge(llama, Metric::kTtft, {10, 0.13, 0.5, 0.2, 0}) == Judgement::kMissed);
}

TEST_CASE("points.csv: the header, quotes where a field needs them, blanks for what is not there") {
  const auto csv = points_csv(example());
  CHECK(csv.rfind("id,status,ttft_ms,tpot_ms,output_tok_s_per_gpu,predicted_ttft_ms,predicted_tpot_ms,predicted_output_"
                  "tok_s_per_gpu,envelope\n",
                  0) == 0);
  CHECK(csv.find("\naic-d,\"skipped: no such, \"\"model\"\"\",415.1,10,") != std::string::npos);
  CHECK(csv.find("\naic-a,predicted,415.1,10,") != std::string::npos);
  CHECK(csv.find(",,11,,outside\n") != std::string::npos);
}

TEST_CASE("the page carries its data safely, and every judgement") {
  const auto html = report_html(example(), "2025-01-02");
  CHECK(html.find("2025-01-02") != std::string::npos);
  CHECK(html.find("\"id\":\"aic") == std::string::npos);  // columns, not objects
  CHECK(html.find("https://cdn") == std::string::npos);
  const auto page = validation_page(example(), "2025-01-02", "points.csv");
  CHECK(
      page.find("| Llama 3.3/3.1 70B, closed loop | TPOT | 3 | 10.0 | 18.0 | +10.0 | <= 5 %, p90 <= 15 % | missed |") !=
      std::string::npos);
  CHECK(page.find("| gpt-oss-120b, closed loop, aggregated | TPOT | 0 | - | - | - | <= 8 % | nothing predicted |") !=
        std::string::npos);
}
