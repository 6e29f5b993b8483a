#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "analysis/report/page.hpp"
#include "analysis/validate/labels.hpp"
#include "analysis/validate/writers.hpp"

namespace flotilla::analysis {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDigits = 5;  // of a measured or predicted figure in the page

Json number(const std::optional<double>& value) {
  if (!value) return nullptr;
  return std::strtod(fmt::format("{:.{}g}", *value, kDigits).c_str(), nullptr);
}

/// "vllm" -> "vLLM"; what the catalogue does not know, as the table has it.
std::string engine_title(const MeasuredPoint& p) {
  const std::string engine = engine_of(p.engine);
  return engine == "vllm"           ? "vLLM"
         : engine == "sglang"       ? "SGLang"
         : engine == "tensorrt-llm" ? "TensorRT-LLM"
                                    : p.engine;
}

Json row(const Compared& c) {
  const MeasuredPoint& p = *c.point;
  const Outcome& o = *c.outcome;
  const bool finite_load = p.load_value && std::isfinite(*p.load_value);
  return {p.id,
          p.clean,
          class_of(p).key,
          p.gpu,
          engine_title(p),
          release_of(p),
          p.model,
          weights_of(p),
          parallelism_of(p),
          p.load_text,
          finite_load ? number(p.load_value) : Json(nullptr),
          number(p.input_tokens),
          number(p.output_tokens),
          number(p.tpot_ms),
          number(o.tpot_ms),
          number(p.ttft_ms),
          number(o.ttft_ms),
          number(measured_throughput(p)),
          number(o.throughput),
          o.inside};
}

}  // namespace

std::string report_html(const Validation& validation, const std::string& date) {
  Json data{{"date", date}, {"answer", answer(validation)}, {"summary", summary(validation)}};
  data["columns"] = {"id",      "clean",       "class", "gpu",  "engine", "release", "model",
                     "weights", "parallelism", "kind",  "load", "input",  "output",  "tpot",
                     "ptpot",   "ttft",        "pttft", "tput", "ptput",  "inside"};
  data["points"] = Json::array();
  for (const Compared& c : validation.all()) {
    if (c.outcome->predicted()) data["points"].push_back(row(c));
  }
  return html_page(
      {"Flotilla: predictions against measurements", "validation.html", {"validation.js"}, std::move(data)});
}

}  // namespace flotilla::analysis
