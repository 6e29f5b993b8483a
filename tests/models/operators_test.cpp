#include <doctest/doctest.h>

#include <cmath>

#include "models/calibration.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

TEST_CASE("a multiplication that streams its weights takes bytes over bandwidth") {
  const GemmCoefficients perfect{1, 1, 0, 8, 0, 0};
  const Roofline roof{1e15, 1e12};
  const GemmShape shape{8192, 8192, 1};
  const double bytes = 8192.0 * 8192 + 2.0 * (8192 + 8192);
  const auto time = gemm_time(perfect, shape, roof, 1);
  CHECK(time.total() == Approx(bytes / 1e12).epsilon(1e-3));
  CHECK(time.memory == Approx(time.total()).epsilon(1e-2));
}

TEST_CASE("a multiplication of many tokens takes its operations over the peak") {
  const GemmCoefficients perfect{1, 1, 0, 8, 0, 0};
  const Roofline roof{1e15, 1e13};
  const GemmShape shape{8192, 8192, 1};
  const auto time = gemm_time(perfect, shape, roof, 16384);
  CHECK(time.total() == Approx(2.0 * 16384 * 8192 * 8192 / 1e15).epsilon(1e-3));
  CHECK(time.compute == Approx(time.total()).epsilon(1e-2));
}

TEST_CASE("rows are padded to 64, columns to 128, and the launch is the host's") {
  const GemmCoefficients c{0.5, 0.8, 3e-6, 2, 10, 1e6};
  const Roofline roof{1e15, 3e12};
  CHECK(gemm_time(c, {4096, 4096, 1}, roof, 65).compute > gemm_time(c, {4096, 4096, 1}, roof, 64).compute);
  CHECK(gemm_time(c, {4097, 4096, 1}, roof, 300).total() > gemm_time(c, {4096, 4096, 1}, roof, 300).total());
  CHECK(gemm_time(c, {4096, 4096, 1}, roof, 1).host == 3e-6);
  // By hand: tiles 1*32, compute 2*128*128*4096*(32+10)/5e14, memory (4096^2 + 2*100*8192)*(1 + 1e6/4096^2)/2.4e12.
  const double compute = 2.0 * 128 * 128 * 4096 * 42 / 5e14;
  const double memory = (4096.0 * 4096 + 2.0 * 100 * 8192) * (1 + 1e6 / (4096.0 * 4096)) / 2.4e12;
  CHECK(gemm_time(c, {4096, 4096, 1}, roof, 100).total() == Approx(3e-6 + std::hypot(compute, memory)));
}

TEST_CASE("a norm of 1 adds both sides of the roofline and splits them exactly") {
  const GemmCoefficients sum{1, 1, 0, 1, 0, 0};
  const auto time = gemm_time(sum, {128, 128, 2}, {1e12, 1e12}, 64);
  CHECK(time.compute == Approx(2.0 * 128 * 128 * 128 * 0.5 / 1e12));
  CHECK(time.memory == Approx((128.0 * 128 * 2 + 2 * 64 * 256) / 1e12));
}

TEST_CASE("decoding attention is affine in KV tokens") {
  const AttentionDecodeCoefficients c{10e-6, 1e-9, 0.5};
  const AttentionShape shape{8, 1, 128, 1};
  const auto time = attention_decode_time(c, shape, 4e12, 32);
  CHECK(time.base.total() == Approx(10e-6 + 32e-9));
  CHECK(time.slope.total() == Approx(2 * 128 / 2e12));
  CHECK(time.slope.memory == time.slope.total());
}

TEST_CASE("prefilling attention counts pairs, and reads earlier chunks again") {
  const AttentionPrefillCoefficients c{0, 0.5, 0.5};
  const AttentionShape shape{64, 8, 128, 2};
  MixedBatch batch;
  batch.prefill_tokens = 1000;
  batch.prefill_pairs = 500000;
  const auto whole = attention_prefill_time(c, shape, 3e12, 1e15, batch);
  CHECK(whole.compute == Approx(4.0 * 64 * 128 * 500000 / 5e14));
  CHECK(whole.memory == Approx((1000 * 2 * 64 * 128 * 2 + 1000 * 2 * 8 * 128 * 2) / 1.5e12));
  batch.prefill_context = 5000;
  CHECK(attention_prefill_time(c, shape, 3e12, 1e15, batch).memory - whole.memory == Approx(5000 * 4096 / 1.5e12));
}

namespace {

AllReduceCoefficients two_and_eight() {
  AllReduceCoefficients c;
  c.curves = {{2, {1e4, 1e6, 1e8}, {4e-6, 8e-6, 400e-6}}, {8, {1e4, 1e6, 1e8}, {6e-6, 16e-6, 600e-6}}};
  c.one_shot_efficiency = 0.5;
  c.one_shot_limit = 1e6;
  return c;
}

}  // namespace

TEST_CASE("an all-reduce curve passes its knots and is straight in log-log between them") {
  const auto curve = two_and_eight().curves.front();
  CHECK(all_reduce_time(curve, 1) == 4e-6);
  CHECK(all_reduce_time(curve, 1e4) == Approx(4e-6));
  CHECK(all_reduce_time(curve, 1e5) == Approx(std::sqrt(4e-6 * 8e-6)));
  CHECK(all_reduce_time(curve, 1e6) == Approx(8e-6));
  CHECK(all_reduce_time(curve, 2e8) == Approx(800e-6));
}

TEST_CASE("between measured numbers of ranks an all-reduce lies between their curves") {
  const auto curves = two_and_eight().curves;
  CHECK(all_reduce_time(curves, 1, 1e6) == 0);
  CHECK(all_reduce_time(curves, 4, 1e6) == Approx(12e-6));
  CHECK(all_reduce_time(curves, 16, 1e6) == Approx(16e-6));
}

TEST_CASE("small messages go by the one-shot kernel, large ones by the curve, and none gets cheaper by growing") {
  const auto c = two_and_eight();
  CHECK(all_reduce_time(c, 1, 8, 450e9, 1e5) == Approx(6e-6 + 7 * 1e5 / 225e9));
  CHECK(all_reduce_time(c, 0.5, 8, 450e9, 1e5) == Approx(3e-6 + 7 * 1e5 / 225e9));
  CHECK(all_reduce_time(c, 1, 8, 450e9, 1e8) == Approx(600e-6));
  CHECK(all_reduce_time(c, 1, 1, 450e9, 1e8) == 0);
  for (const int ranks : {2, 4, 8, 16}) {
    double last = 0;
    for (double bytes = 1000; bytes < 1e9; bytes *= 1.3) {
      const double time = all_reduce_time(c, 1, ranks, 450e9, bytes);
      CHECK(time >= last);
      last = time;
    }
  }
}

TEST_CASE("element-wise work is launches plus bytes of a token") {
  const ElementwiseShape shape{8192, (64 / 8 + 2 * 1) * 128, 28672 / 8.0};  // Llama 3.3 70B at TP 8
  const auto time = elementwise_time({8e-6, 0.5}, shape, 4e12, 100);
  CHECK(time.host == 8e-6);
  const double bytes = 16.0 * 8192 + 4 * (64 / 8 + 2 * 1) * 128 + 6 * 28672 / 8.0;
  CHECK(time.memory == Approx(100 * bytes / 2e12));
}
