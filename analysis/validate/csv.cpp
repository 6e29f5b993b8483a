#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analysis/output/csv_field.hpp"
#include "analysis/validate/labels.hpp"
#include "analysis/validate/writers.hpp"

namespace flotilla::analysis {
namespace {

std::string as_measured(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : ""; }
std::string rounded(const std::optional<double>& value) { return value ? fmt::format("{:.6g}", *value) : ""; }
std::string whole(const std::optional<int>& value) { return value ? fmt::format("{}", *value) : ""; }

}  // namespace

std::string points_csv(const Validation& validation) {
  std::string text =
      "id,status,ttft_ms,tpot_ms,output_tok_s_per_gpu,predicted_ttft_ms,predicted_tpot_ms,predicted_output_tok_s_per_"
      "gpu,envelope\n";
  for (const auto& [point, outcome] : validation.all()) {
    const bool predicted = outcome->predicted();
    text += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(point->id),
                        csv_field(predicted ? "predicted" : "skipped: " + outcome->skipped),
                        as_measured(point->ttft_ms), as_measured(point->tpot_ms), rounded(measured_throughput(*point)),
                        rounded(outcome->ttft_ms), rounded(outcome->tpot_ms), rounded(outcome->throughput),
                        !predicted        ? ""
                        : outcome->inside ? "inside"
                                          : "outside");
  }
  return text;
}

std::string details_csv(const Validation& validation) {
  std::string text =
      "id,line,class,clean,gpu,model,engine,engine_version,weights,tp,pp,ep,attn_dp,load_kind,load_value,input_tokens,"
      "output_tokens,"
      "tpot_error,ttft_error,throughput_error,expected_tpot_error,memory_share,compute_share,communication_share,host_"
      "share,idle_share,"
      "kv_tokens,preemptions,notes\n";
  for (const Compared& c : validation.all()) {
    const MeasuredPoint& p = *c.point;
    const Outcome& o = *c.outcome;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},", csv_field(p.id), p.line,
                        class_of(p).key, p.clean ? 1 : 0, csv_field(p.gpu), csv_field(p.model), csv_field(p.engine),
                        csv_field(release_of(p)), weights_of(p), whole(p.tp), whole(p.pp), whole(p.ep),
                        whole(p.attention_dp), csv_field(p.load_text), as_measured(p.load_value),
                        as_measured(p.input_tokens), as_measured(p.output_tokens),
                        rounded(relative_error(c, Metric::kTpot)), rounded(relative_error(c, Metric::kTtft)),
                        rounded(relative_error(c, Metric::kThroughput)));
    if (o.predicted()) {
      text += fmt::format("{:.4g},{:.4f},{:.4f},{:.4f},{:.4f},{:.4f},{},{},", o.expected_error, o.memory, o.compute,
                          o.communication, o.host, o.idle, o.kv_tokens, o.preemptions);
    } else {
      text += ",,,,,,,,";
    }
    text += csv_field(fmt::format("{}", fmt::join(o.notes, "; "))) + "\n";
  }
  return text;
}

}  // namespace flotilla::analysis
