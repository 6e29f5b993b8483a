#include "models/hf_layers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flotilla::models {
namespace {

bool contains(const std::vector<int>& numbers, int number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

/// One entry for each layer; files may list the modules for multi-token prediction behind the layers.
template <class T>
void check_length(const HfKeys& keys, const std::string& name, const std::vector<T>& entries, int layers) {
  if (static_cast<int>(entries.size()) < layers)
    keys.fail({name}, fmt::format("{} entries for {} layers", entries.size(), layers));
}

/// The rules that go by a layer's number. A layer has experts if none of them says otherwise.
struct SparseRules {
  std::vector<int> dense, listed, pattern;
  bool lists_sparse = false;
  int first = 0, last = -1, every_from_first = 1, every_to_last = 1;

  explicit SparseRules(const HfKeys& keys)
      : dense(keys.integers({"mlp_only_layers"})),
        listed(keys.integers({"moe_layers"})),
        lists_sparse(keys.has("moe_layers")),
        first(keys.optional({"first_k_dense_replace", "moe_layer_start_index", "num_dense_layers"})),
        last(keys.integer({"moe_layer_end_index"}, -1).value_or(-1)),
        every_to_last(
            keys.integer({"decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval"}, 1).value_or(1)) {
    const auto* frequency = keys.find({"moe_layer_freq"});
    if (frequency == nullptr) return;
    if (frequency->is_array())
      pattern = keys.integers({"moe_layer_freq"});
    else
      every_from_first = keys.integer({"moe_layer_freq"}, 1).value_or(1);
  }

  [[nodiscard]] bool sparse(int layer) const {
    if (lists_sparse) return contains(listed, layer);
    if (!pattern.empty()) return pattern[static_cast<std::size_t>(layer)] != 0;
    return layer >= first && (last < 0 || layer <= last) && layer % every_from_first == 0 &&
           (layer + 1) % every_to_last == 0 && !contains(dense, layer);
  }
};

int full_layers_of_interval(int layers, int every) { return every > 0 ? layers / every : 0; }

/// "LLLG": local, local, local, global, and again. Exaone 4.
int local_layers(const std::string& pattern, int layers) {
  int local = 0;
  for (int i = 0; i < layers; ++i) local += pattern[static_cast<std::size_t>(i) % pattern.size()] == 'L' ? 1 : 0;
  return local;
}

int windowed_by_types(const HfKeys& keys, const std::vector<std::string>& types, Llm& llm) {
  check_length(keys, "layer_types", types, llm.layers);
  const auto end = types.begin() + llm.layers;
  const auto chunked = static_cast<int>(std::count(types.begin(), end, "chunked_attention"));
  llm.chunked_window = chunked > 0;
  return chunked > 0 ? chunked : static_cast<int>(std::count(types.begin(), end, "sliding_attention"));
}

/// Where layers are not listed by kind.
int windowed_by_rule(const HfKeys& keys, const HfFamily& family, const Llm& llm) {
  if (family.window_on_request) return std::max(0, llm.layers - keys.optional({"max_window_layers"}));
  if (const auto letters = keys.text({"sliding_window_pattern"}); !letters.empty())
    return local_layers(letters, llm.layers);
  const int every = keys.optional({"sliding_window_pattern", "_sliding_window_pattern"}, family.full_attention_every);
  return llm.layers - full_layers_of_interval(llm.layers, every);
}

/// Llama 4: layers without rotary positions see everything, the others their chunk.
int chunked_by_rule(const HfKeys& keys, const HfFamily& family, const Llm& llm) {
  const auto rotary = keys.integers({"no_rope_layers"});  // 1 = with rotary positions, despite the name
  if (!rotary.empty()) {
    check_length(keys, "no_rope_layers", rotary, llm.layers);
    return llm.layers - static_cast<int>(std::count(rotary.begin(), rotary.begin() + llm.layers, 0));
  }
  const int every = keys.optional({"no_rope_layer_interval"}, family.full_attention_every);
  return llm.layers - full_layers_of_interval(llm.layers, every);
}

}  // namespace

int layers_with_experts(const HfKeys& keys, int layers) {
  if (const auto types = keys.texts({"mlp_layer_types"}); !types.empty()) {
    check_length(keys, "mlp_layer_types", types, layers);
    return layers - static_cast<int>(std::count(types.begin(), types.begin() + layers, "dense"));
  }
  const SparseRules rules(keys);
  if (!rules.pattern.empty()) check_length(keys, "moe_layer_freq", rules.pattern, layers);
  int sparse = 0;
  for (int layer = 0; layer < layers; ++layer) sparse += rules.sparse(layer) ? 1 : 0;
  return sparse;
}

void read_windows(const HfKeys& keys, const HfFamily& family, Llm& llm) {
  const auto types = keys.texts({"layer_types"});
  const bool wanted = keys.flag({"use_sliding_window"}, !family.window_on_request);
  llm.chunked_window = family.chunk > 0;
  if (!types.empty()) {
    llm.windowed_layers = windowed_by_types(keys, types, llm);
  } else if (family.chunk > 0) {
    llm.windowed_layers = chunked_by_rule(keys, family, llm);
  } else if (wanted && keys.has("sliding_window")) {
    llm.windowed_layers = windowed_by_rule(keys, family, llm);
  }
  if (llm.windowed_layers > 0) {
    llm.window = llm.chunked_window ? keys.optional({"attention_chunk_size"}, family.chunk)
                                    : keys.optional({"sliding_window", "sliding_window_size"});
    if (llm.window == 0)
      keys.fail({"layer_types"}, "windowed layers are listed, but the size of the window is not stated");
  }
  const bool sees_all = llm.max_position_embeddings > 0 && llm.window >= llm.max_position_embeddings;
  if (llm.windowed_layers == 0 || sees_all) {
    llm.window = 0;
    llm.windowed_layers = 0;
    llm.chunked_window = false;
  }
}

}  // namespace flotilla::models
