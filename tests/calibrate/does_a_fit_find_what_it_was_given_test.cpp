#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "analysis/calibrate/calibration_yaml.hpp"
#include "analysis/calibrate/kernel_fits.hpp"
#include "analysis/calibrate/least_squares.hpp"
#include "analysis/calibrate/release_ranges.hpp"
#include "analysis/calibrate/serving_fit.hpp"
#include "scenarios/reader/error.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;
using models::NumberFormat;

namespace {

/// A table by way of a file of this process: cases run in processes of their own, at the same time.
Table table_of(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("flotilla_calibrate_{}.csv", getpid());
  std::ofstream(path) << text;
  struct Removal {
    std::filesystem::path path;
    ~Removal() { std::filesystem::remove(path); }
  } removal{path};
  return Table::load(path.string());
}

FitProblem line(const std::vector<double>& values) {
  FitProblem p;
  p.start = Eigen::Vector2d(1, 1);
  p.low = Eigen::Vector2d(-100, -100);
  p.high = Eigen::Vector2d(100, 100);
  p.residuals = [values](const Eigen::VectorXd& x) {
    Eigen::VectorXd r(static_cast<Eigen::Index>(values.size()));
    for (std::size_t i = 0; i < values.size(); ++i)
      r[static_cast<Eigen::Index>(i)] = x[0] + x[1] * static_cast<double>(i) - values[i];
    return r;
  };
  return p;
}

models::Calibration shipped(const std::string& gpu, const std::string& engine) {
  for (const auto& c : models::calibrations()) {
    if (c.gpu == gpu && c.engine == engine) return c;
  }
  FAIL("not shipped");
  return {};
}

}  // namespace

TEST_CASE("least squares finds a line, and an outlier hardly moves it") {
  std::vector<double> values;
  for (int i = 0; i < 40; ++i) values.push_back(3 + 0.5 * i);
  const auto clean = fit(line(values));
  CHECK(clean.parameters[0] == Approx(3).epsilon(1e-4));
  CHECK(clean.parameters[1] == Approx(0.5).epsilon(1e-4));
  values[20] += 50;
  const auto robust = fit(line(values));
  CHECK(robust.parameters[0] == Approx(3).epsilon(0.02));
  CHECK(robust.parameters[1] == Approx(0.5).epsilon(0.02));
}

TEST_CASE("parameters stay inside their box, and the others make the best of it") {
  auto problem = line({3, 4, 5, 6, 7, 8});
  problem.high[1] = 0.5;
  const auto solution = fit(problem);
  CHECK(solution.parameters[1] == Approx(0.5));
  CHECK(solution.parameters[0] > 3);
}

TEST_CASE("quantiles interpolate over absolute values") {
  CHECK(absolute_quantile(Eigen::Vector3d(-3, 1, 2), 0.5) == 2);
  CHECK(absolute_quantile(Eigen::Vector2d(-1, 2), 0.5) == 1.5);
  CHECK(absolute_quantile(Eigen::VectorXd(0), 0.5) == 0);
}

TEST_CASE("a table reads quoted fields and blanks, and refuses a ragged line") {
  const auto table = table_of("id,note,x\na,\"one, \"\"two\"\"\",3.5\nb,,\n");
  REQUIRE(table.size() == 2);
  CHECK(table.text(0, "note") == "one, \"two\"");
  CHECK(table.number(0, "x") == 3.5);
  CHECK(std::isnan(table.number(1, "x")));
  CHECK_THROWS_WITH_AS(table_of("a,b\n1,2\n3\n"), doctest::Contains("1 fields where the header has 2"), InputError);
  CHECK_THROWS_AS(Table::load("/nowhere/at/all.csv"), InputError);
}

TEST_CASE("multiplications timed by the formula give its coefficients back") {
  const KernelCell cell{models::load_gpu("h100-sxm"), "H100", "vllm"};
  const models::GemmCoefficients truth{0.62, 0.85, 4e-6, 2.5, 20, 2e6};
  const models::Roofline roof{cell.gpu.fp8.value(), cell.gpu.hbm_bandwidth.value()};
  std::string csv = "gpu,framework,dtype,m,n,k,time_us\n";
  for (const double m : {1, 8, 32, 64, 128, 256, 512, 1024, 2048, 8192}) {
    for (const double n : {1024, 2048, 4096, 8192, 16384}) {
      for (const double k : {1024, 2048, 4096, 8192, 16384}) {
        const double time = gemm_time(truth, {n, k, 1}, roof, m).total() * 1e6;
        csv += fmt::format("H100,vllm,fp8,{},{},{},{}\n", m, n, k, time);
      }
    }
  }
  KernelFitError error;
  const auto found = fit_gemm(table_of(csv), cell, kKernelFormats[1], error);
  CHECK(error.p90 < 0.01);
  CHECK(found.compute_efficiency == Approx(truth.compute_efficiency).epsilon(0.02));
  CHECK(found.memory_efficiency == Approx(truth.memory_efficiency).epsilon(0.02));
  CHECK(found.launch == Approx(truth.launch).epsilon(0.1));
}

TEST_CASE("an all-reduce curve keeps the newest version, rises, and has eight knots") {
  const KernelCell cell{models::load_gpu("b200-hgx"), "B200", "vllm"};
  std::string csv = "gpu,library,version,op,variant,num_gpus,bytes,time_us\n";
  for (const char* version : {"0.19.0", "0.24.0"}) {
    for (double bytes = 4096; bytes <= 1073741824; bytes *= 2) {
      const double bump = bytes == 524288 ? 3 : 1;  // a spike, as measured curves have them
      const double time = (5 + bytes / 5e5) * bump * (std::string(version) == "0.19.0" ? 2 : 1);
      csv += fmt::format("B200,vllm,{},all_reduce,vllm_graph,8,{},{}\n", version, bytes, time);
    }
  }
  const auto curves = fit_all_reduce(table_of(csv), cell);
  REQUIRE(curves.size() == 1);
  CHECK(curves[0].ranks == 8);
  CHECK(curves[0].bytes.size() == 8);
  CHECK(std::is_sorted(curves[0].seconds.begin(), curves[0].seconds.end()));
  CHECK(curves[0].seconds.front() == Approx(5e-6).epsilon(0.01));
}

TEST_CASE("serving points made by the model give its scales back") {
  auto truth = shipped("h200-sxm", "tensorrt-llm");
  for (auto& [name, format] : truth.formats)
    format.scales = {0.7, 1.1, 0.8, 1.2, 0.9};  // within the datasheet's bounds
  truth.profiles = {{"1.0", "1.0", "", 1, {0.4e-3, 8e-6, 0}, {20e-3, 3e-6}}};
  truth.all_reduce.one_shot_efficiency = 0.6;
  std::vector<ServingPoint> points;
  for (const int tp : {1, 2, 8}) {
    for (const int concurrency : {4, 16, 64}) {
      for (const auto& [input, output] : {std::pair{1024, 1024}, std::pair{8192, 512}, std::pair{512, 2048}}) {
        ServingPoint p;
        p.deployment.llm = models::load_llm("llama-3.3-70b");
        p.deployment.gpu = models::load_gpu("h200-sxm");
        p.deployment.engine = models::load_engine("tensorrt-llm");
        p.deployment.engine_version = "1.0";
        p.deployment.weights = p.deployment.kv_cache = NumberFormat::kFp8;
        p.deployment.tensor_parallel_size = tp;
        ReplayLoad load;
        load.concurrency = concurrency;
        load.requests = 3 * concurrency;
        load.input_tokens = input;
        load.output_tokens = output;
        p.replay = replay_steps({}, load);
        models::StepCost cost(p.deployment, truth);
        const auto made = predict(cost, p);
        p.tpot = made.tpot, p.ttft = made.ttft;
        points.push_back(p);
      }
    }
  }
  auto fitted = shipped("h200-sxm", "tensorrt-llm");
  fit_serving(fitted, points);
  const auto errors = serving_errors(fitted, points);
  CHECK(absolute_quantile(errors.tpot, 0.9) < 0.01);
  CHECK(absolute_quantile(errors.ttft, 0.9) < 0.03);
  CHECK(fitted.formats.at("fp8").scales.gemm_memory == Approx(1.1).epsilon(0.05));
  CHECK(fitted.formats.at("fp8").scales.gemm_compute == Approx(0.8).epsilon(0.05));
  CHECK(fitted.formats.at("fp8").scales.attention == Approx(1.2).epsilon(0.1));
  REQUIRE(fitted.profiles.size() == 1);
  CHECK(fitted.profiles[0].frontend.per_request == Approx(20e-3).epsilon(0.1));
}

TEST_CASE("releases with few points share a profile with their neighbour") {
  std::vector<std::string> releases(20, "0.11.0");
  releases.insert(releases.end(), 3, "0.12.1");
  releases.insert(releases.end(), 15, "0.9");
  const auto profiles = release_ranges(releases, 10);
  REQUIRE(profiles.size() == 2);
  CHECK(profiles[0].from == "0.9");
  CHECK(profiles[0].to == "0.9");
  CHECK(profiles[1].from == "0.11.0");
  CHECK(profiles[1].to == "0.12.1");
}

TEST_CASE("coefficients written and read back are the same to four digits") {
  const auto truth = shipped("b200-hgx", "vllm");
  const auto text = to_yaml(truth);
  const auto again = models::read_calibration(reader::Document::from_text(text, "again.yaml"));
  CHECK(to_yaml(again) == text);
  CHECK(again.formats.at("nvfp4").gemm.idle_tiles == truth.formats.at("nvfp4").gemm.idle_tiles);
  CHECK(again.formats.at("nvfp4").tpot.points == truth.formats.at("nvfp4").tpot.points);
}
