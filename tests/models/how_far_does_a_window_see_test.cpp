#include <doctest/doctest.h>

#include "models/release.hpp"
#include "models/step_cost.hpp"

using namespace flotilla::models;

TEST_CASE("a sliding window sees the context until it is full") {
  const AttentionWindow window{4, false};
  CHECK(window.seen(1) == 1);
  CHECK(window.seen(4) == 4);
  CHECK(window.seen(100) == 4);
  CHECK(window.pairs(4) == 8);           // 4 * 4 / 2
  CHECK(window.pairs(10) == 8 + 4 * 6);  // then four each
}

TEST_CASE("a chunked window starts anew at every chunk") {
  const AttentionWindow window{4, true};
  CHECK(window.seen(4) == 4);
  CHECK(window.seen(5) == 1);
  CHECK(window.pairs(10) == 8 + 8 + 2);  // two whole chunks and 2 * 2 / 2
}

TEST_CASE("without a window nothing is seen, and a batch counts no window sums") {
  const AttentionWindow none;
  CHECK(none.seen(7) == 0);
  MixedBatch batch;
  batch.add_prefill(100, 50, true, none);
  CHECK(batch.prefill_pairs == 50 * (100 + 25));
  CHECK(batch.prefill_context == 100);
  CHECK(batch.prefill_window_pairs == 0);
  CHECK(batch.prefill_window_context == 0);
}

TEST_CASE("a chunk behind a context reads no more than the window of it") {
  MixedBatch batch;
  batch.add_prefill(100, 50, false, {64, false});
  CHECK(batch.prefill_window_context == 64);
  CHECK(batch.prefill_window_pairs == 64 * 50);
  CHECK(batch.prefill_last_chunks == 0);
}

TEST_CASE("releases come in the order of their numbers") {
  CHECK(compare_releases("0.9", "0.11") < 0);
  CHECK(compare_releases("0.11", "0.11.0") == 0);
  CHECK(compare_releases("1.0.0rc3", "1.0") == 0);
  CHECK(compare_releases("1.2.0rc6.post2", "1.1") > 0);
  CHECK(compare_releases("0.5.10", "0.5.9") > 0);
  CHECK(compare_releases("nightly-5b8c", "0.19") > 0);
}
