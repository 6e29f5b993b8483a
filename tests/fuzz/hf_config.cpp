// What may come as the config.json of a model.
#include "models/hf_config.hpp"

#include "models/cost.hpp"
#include "tests/fuzz/target.hpp"

void flotilla::fuzz::read(std::string text) {
  const auto llm = models::parse_hf_config(text, "config.json", "model");
  models::kv_bytes_per_token(llm, models::NumberFormat::kBf16);
  models::active_parameters(llm);
}
