// The keys of models/calibration/*.yaml.
#include "models/calibration.hpp"

namespace flotilla::models {

const reader::Schema<FitStatistics>& FitStatistics::schema() {
  using C = FitStatistics;
  static const auto s =
      reader::Schema<C>("fit_statistics", "Serving points behind the scales, and how well they are reproduced")
          .key("points", &C::points, "serving points fitted on", {.min = 0})
          .key("median_error", &C::median_error, "of TPOT, absolute and relative", {.min = 0})
          .key("p90_error", &C::p90_error, "of TPOT, absolute and relative", {.min = 0})
          .key("description", &C::description, "what was measured")
          .key("tensor_parallel_sizes", &C::tensor_parallel_sizes, "sizes among the points");
  return s;
}

const reader::Schema<KernelStatistics>& KernelStatistics::schema() {
  using C = KernelStatistics;
  static const auto s = reader::Schema<C>("kernel_statistics", "Measured kernels behind an operator's coefficients")
                            .key("rows", &C::rows, "kernels fitted on", {.min = 0})
                            .key("median_error", &C::median_error, "absolute and relative", {.min = 0})
                            .key("p90_error", &C::p90_error, "absolute and relative", {.min = 0})
                            .key("bias", &C::bias, "mean logarithm of predicted over measured");
  return s;
}

const reader::Schema<OperatorScales>& OperatorScales::schema() {
  using C = OperatorScales;
  static const auto s =
      reader::Schema<C>("operator_scales", "Serving against kernels measured alone")
          .key("launch", &C::launch, "factor on fixed times of kernels", {.min = 0})
          .key("gemm_memory", &C::gemm_memory, "factor on weight reads", {.min = 0, .above_min = true})
          .key("gemm_compute", &C::gemm_compute, "factor on multiplications", {.min = 0, .above_min = true})
          .key("attention", &C::attention, "factor on attention", {.min = 0, .above_min = true})
          .key("all_reduce", &C::all_reduce, "factor on collectives", {.min = 0});
  return s;
}

const reader::Schema<FormatCalibration>& FormatCalibration::schema() {
  using C = FormatCalibration;
  static const auto s = reader::Schema<C>("format_calibration", "Coefficients of one weight format")
                            .key("gemm", &C::gemm, "matrix multiplications", {.required = true})
                            .key("scales", &C::scales, "serving against kernels measured alone")
                            .key("tpot", &C::tpot, "errors on serving points");
  return s;
}

const reader::Schema<HostCoefficients>& HostCoefficients::schema() {
  using C = HostCoefficients;
  static const auto s =
      reader::Schema<C>("host", "The engine's own time that remains visible")
          .key("per_step", &C::per_step, "a step", {.min = 0, .unit = "s"})
          .key("per_sequence", &C::per_sequence, "a sequence in the step", {.min = 0, .unit = "s"})
          .key("mixed_floor", &C::mixed_floor, "a layer of a step with prefill, at least", {.min = 0, .unit = "s"});
  return s;
}

const reader::Schema<ExpertScales>& ExpertScales::schema() {
  using C = ExpertScales;
  static const auto s =
      reader::Schema<C>("expert_scales", "Experts in serving against their kernels measured alone")
          .key("launch", &C::launch, "fixed times", {.min = 0})
          .key("memory", &C::memory, "weight reads", {.min = 0, .above_min = true})
          .key("compute", &C::compute, "multiplications", {.min = 0, .above_min = true})
          .key("skew", &C::skew, "exponent of the power law by which tokens choose experts", {.min = 0})
          .key("tpot", &C::tpot, "errors on serving points");
  return s;
}

const reader::Schema<FrontendCost>& FrontendCost::schema() {
  using C = FrontendCost;
  static const auto s =
      reader::Schema<C>("frontend", "What a request waits for outside the engine's loop")
          .key("per_request", &C::per_request, "a request", {.min = 0, .unit = "s"})
          .key("per_input_token", &C::per_input_token, "a token of its prompt", {.min = 0, .unit = "s"});
  return s;
}

const reader::Schema<ServingProfile>& ServingProfile::schema() {
  using C = ServingProfile;
  static const auto s = reader::Schema<C>("serving_profile", "A range of an engine's releases as measured in serving")
                            .key("from", &C::from, "first release", {.required = true})
                            .key("to", &C::to, "last release", {.required = true})
                            .key("setup", &C::setup, "who measured it")
                            .key("gpu_time", &C::gpu_time, "against the kernels' own", {.min = 0, .above_min = true})
                            .key("host", &C::host, "the engine's own time")
                            .key("frontend", &C::frontend, "a request's way to the engine and back");
  return s;
}

const reader::Schema<Calibration>& Calibration::schema() {
  using C = Calibration;
  static const auto s =
      reader::Schema<C>("calibration", "Fitted coefficients of one engine on one GPU")
          .key("gpu", &C::gpu, "catalogue name", {.required = true})
          .key("engine", &C::engine, "catalogue name", {.required = true})
          .key("engine_versions", &C::engine_versions, "of the kernels and of the serving points")
          .key("provenance", &C::provenance, "whose measurements these were fitted on")
          .key("scales_from", &C::scales_from, "GPU whose serving points set scales and host, if not this one")
          .key("gemm_from", &C::gemm_from, "GPU on which matrix multiplications were measured, if not this one")
          .key("formats", &C::formats, "by weight format", {.required = true})
          .key("attention_decode", &C::attention_decode, "by KV format", {.required = true})
          .key("attention_prefill", &C::attention_prefill, "by KV format", {.required = true})
          .key("mla_decode", &C::mla_decode, "by KV format")
          .key("mla_prefill", &C::mla_prefill, "by KV format")
          .key("moe", &C::moe, "by weight format")
          .key("expert_exchange", &C::expert_exchange, "by library")
          .key("expert_scales", &C::expert_scales, "experts in serving, by weight format")
          .key("profiles", &C::profiles, "ranges of releases, rising")
          .key("all_reduce", &C::all_reduce, "collectives of tensor parallelism", {.required = true})
          .key("elementwise", &C::elementwise, "small kernels")
          .key("kernel_errors", &C::kernel_errors, "how well kernels are reproduced, by operator and key");
  return s;
}

}  // namespace flotilla::models
