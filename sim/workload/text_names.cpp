#include "sim/workload/text_names.hpp"

namespace flotilla::sim {

TextNames::TextNames(const LoadSpec& spec, std::uint64_t seed) : engine_(make_stream(seed, "prefixes")) {
  if (!spec.shared_prefix) return;
  prefix_tokens_ = spec.shared_prefix->tokens;
  prefixes_ = spec.shared_prefix->texts;
}

std::int32_t TextNames::draw_prefix() {
  return prefix_tokens_ > 0 ? static_cast<std::int32_t>(draw_integer(engine_, 0, prefixes_ - 1)) : 0;
}

void TextNames::fill(std::int32_t prefix, std::int64_t own, std::int64_t tokens,
                     std::vector<std::uint64_t>& names) const {
  names.clear();
  const std::uint64_t of_prefix = mix_bits(hash_text("prefix") ^ static_cast<std::uint64_t>(prefix));
  const std::uint64_t of_text = mix_bits(hash_text("text") ^ static_cast<std::uint64_t>(own));
  const std::int64_t shared = prefix_tokens_ / kTextBlock;
  for (std::int64_t i = 0; i * kTextBlock < tokens; ++i)
    names.push_back(mix_bits((i < shared ? of_prefix : of_text) ^ static_cast<std::uint64_t>(i)));
}

}  // namespace flotilla::sim
