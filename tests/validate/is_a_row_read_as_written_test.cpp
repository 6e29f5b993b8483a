// Rows of a table of measured points: what they mean, and what is said of those that are wrong.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/validate/points_table.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using namespace flotilla::tests;

namespace {

/// What reading these rows complains of.
InputError complaint(const std::string& text) {
  const TemporaryFile file("points.csv", text);
  try {
    read_points(Table::load(file.path()));
  } catch (const InputError& e) {
    return e;
  }
  FAIL("no complaint");
  return InputError({}, "", "");
}

}  // namespace

TEST_CASE("a row: names as written, blank fields absent, zeros of measurements absent") {
  const auto p = points_of({with(llama_on_h100(), {{"throughput_output_tok_s_per_gpu", "0"}})}).at(0);
  CHECK(p.id == "aic-h100-64");
  CHECK(p.line == 2);
  CHECK(p.gpu == "H100");
  CHECK(p.tp == 2);
  CHECK(p.load == LoadKind::kClosedLoop);
  CHECK(p.load_value == 64.0);
  CHECK(p.uniform_lengths());
  CHECK(p.tpot_ms == 28.77);
  CHECK_FALSE(p.throughput);
  CHECK(p.kv == "");
  CHECK(p.clean);
  CHECK_FALSE(p.disaggregated);
}

TEST_CASE("an infinite load, an unknown load, lines after a field with a line end") {
  const auto points = points_of({with(llama_on_h100(), {{"id", "a"}, {"notes", "two\nlines"}}),
                                 with(llama_on_h100(), {{"id", "b"}, {"load_kind", "offline"}, {"load_value", "inf"}}),
                                 with(llama_on_h100(), {{"id", "c"}, {"load_kind", "saturated decode"}})});
  CHECK(points[1].line == 4);
  CHECK(points[1].load == LoadKind::kOffline);
  CHECK(std::isinf(*points[1].load_value));
  CHECK(points[2].load == LoadKind::kOther);
}

TEST_CASE("throughput of a closed loop that publishes none: C O / (TTFT + TPOT (O - 1)) / GPUs, O = 0.9 OSL") {
  const auto p = points_of({llama_on_h100()}).at(0);
  // O = 0.9 * 1024 = 921.6; 415.1 + 28.77 * 920.6 = 26,900.762 ms; 64 * 921.6 / 26.900762 s / 2 GPUs = 1,096.295.
  CHECK(*measured_throughput(p) == doctest::Approx(1096.295).epsilon(1e-6));
  const auto fixed = points_of({with(llama_on_h100(), {{"length_distribution", "fixed"}})}).at(0);
  // O = 1024: 415.1 + 28.77 * 1023 = 29,846.81 ms; 64 * 1024 / 29.84681 / 2 = 1,097.873.
  CHECK(*measured_throughput(fixed) == doctest::Approx(1097.873).epsilon(1e-6));
  const auto published = points_of({with(llama_on_h100(), {{"throughput_output_tok_s_per_gpu", "1000"}})}).at(0);
  CHECK(*measured_throughput(published) == 1000);
}

TEST_CASE("mistakes name file and line") {
  const auto text = table_text({llama_on_h100(), with(llama_on_h100(), {{"id", "b"}, {"tp", "two"}})});
  const auto word = complaint(text);
  CHECK(word.where().line == 3);
  CHECK(word.message() == "tp: a number is expected, 'two' is given");
  CHECK(complaint(table_text({with(llama_on_h100(), {{"tp", "1.5"}})})).message() ==
        "tp: a whole number above 0 is expected, '1.5' is given");
  CHECK(complaint(table_text({with(llama_on_h100(), {{"ttft_ms", "-3"}})})).message() ==
        "ttft_ms: no negative number is expected, '-3' is given");
  const auto twice = complaint(table_text({llama_on_h100(), llama_on_h100()}));
  CHECK(twice.where().line == 3);
  CHECK(twice.message() == "id 'aic-h100-64' stands in line 2 already");
  const auto short_row = complaint("id,gpu\na,b\nc\n");
  CHECK(short_row.where().line == 3);
  CHECK(short_row.message() == "1 fields where the header has 2");
  CHECK(complaint("id,gpu\na,b\n").message() == "there is no column 'model'");
}
