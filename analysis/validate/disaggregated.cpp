#include "analysis/validate/disaggregated.hpp"

#include <algorithm>
#include <regex>

namespace flotilla::analysis {

namespace {

std::optional<Workers> workers(const std::string& notes, const char* side) {
  const std::regex pattern(
      std::string(side) + R"(: (\d+) workers x \(tp(\d+) pp(\d+) attn_dp(\d+) moe_tp(\d+) moe_ep(\d+), batch (\d+)\))");
  std::smatch found;
  if (!std::regex_search(notes, found, pattern)) return std::nullopt;
  const auto number = [&](std::size_t i) { return std::max(1, std::stoi(found[i].str())); };
  Workers w{number(1), number(2), number(3), number(6), number(4), number(7)};
  w.ep = std::min(w.ep, w.tp * w.dp);
  return w;
}

}  // namespace

std::optional<WorkerLayout> worker_layout(const std::string& notes) {
  const auto prefill = workers(notes, "prefill"), decode = workers(notes, "decode");
  if (!prefill || !decode) return std::nullopt;
  return WorkerLayout{*prefill, *decode};
}

}  // namespace flotilla::analysis
