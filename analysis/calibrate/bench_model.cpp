#include "analysis/calibrate/bench_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "models/catalog.hpp"

namespace flotilla::analysis {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// Does a name end at text[at]? "glm-5" does not in "glm-5.2", nor "qwen3-8b" in "qwen3-8bit".
bool ends_at(const std::string& text, std::size_t at) {
  if (at >= text.size()) return true;
  if (text[at] == '.') return at + 1 >= text.size() || !is_digit(text[at + 1]);
  return !is_word(text[at]);
}

bool same_shape(const models::Llm& a, const models::Llm& b) {
  return a.layers == b.layers && a.hidden == b.hidden && a.moe_layers == b.moe_layers && a.experts == b.experts;
}

}  // namespace

std::string catalogue_model_in(const std::string& checkpoint) {
  std::string text = checkpoint.substr(0, checkpoint.find_last_not_of('/') + 1);
  text.erase(0, text.rfind('/') + 1);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text.find("distill") != std::string::npos) return "";
  std::string longest;
  for (const auto& name : models::catalog_names("llms")) {
    const auto at = text.find(name);
    if (at == std::string::npos || (at > 0 && is_word(text[at - 1])) || !ends_at(text, at + name.size())) continue;
    if (name.size() > longest.size()) longest = name;
  }
  return longest;
}

void refuse_other_models(const models::Llm& llm, const std::vector<BenchResult>& results) {
  const auto& first = results.front();
  for (const auto& r : results) {
    if (r.model != first.model)
      throw InputError(r.where, "model_id", fmt::format("'{}', but '{}' in {}", r.model, first.model, first.where.file),
                       "measurements of one deployment are needed");
    const auto named = catalogue_model_in(r.model);
    if (named.empty() || named == llm.name || same_shape(models::load_llm(named), llm)) continue;
    throw InputError(r.where, "model_id",
                     fmt::format("'{}' was measured, the scenario's model is {}", r.model, llm.name),
                     fmt::format("to go on: model={}", named));
  }
}

}  // namespace flotilla::analysis
