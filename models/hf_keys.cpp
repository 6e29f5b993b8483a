#include "models/hf_keys.hpp"

#include <fmt/format.h>

namespace flotilla::models {
namespace {

using nlohmann::json;

constexpr std::int64_t kLargest = 1'000'000'000;  // no figure of a model's shape comes near

const json* object_in(const json& outer, const char* name) {
  const auto found = outer.find(name);
  return found != outer.end() && found->is_object() ? &*found : nullptr;
}

const json& language_model_of(const json& outer) {
  for (const char* name : {"text_config", "llm_config", "language_config", "thinker_config"}) {
    const json* inner = object_in(outer, name);
    if (inner != nullptr) return language_model_of(*inner);
  }
  return outer;
}

}  // namespace

HfKeys::HfKeys(const JsonSource& source)
    : source_(source), outer_(source.root()), inner_(&language_model_of(source.root())) {}

const json* HfKeys::find(const Names& names) const {
  for (const json* object : {inner_, &outer_}) {
    for (const auto& name : names) {
      const auto found = object->find(name);
      if (found != object->end() && !found->is_null()) return &*found;
    }
  }
  return nullptr;
}

std::optional<int> HfKeys::integer(const Names& names, int least) const {
  const json* value = find(names);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer() || *value < least || *value > kLargest)
    fail(names, fmt::format("{} is not a whole number from {} to {}", value->dump(), least, kLargest));
  return value->get<int>();
}

int HfKeys::required(const Names& names) const {
  const auto value = integer(names, 1);
  if (!value)
    source_.fail(names.front(), fmt::format("'{}' is missing", names.front()), "needed to know the model's shape");
  return *value;
}

int HfKeys::optional(const Names& names, int otherwise) const { return integer(names, 0).value_or(otherwise); }

bool HfKeys::flag(const Names& names, bool otherwise) const {
  const json* value = find(names);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail(names, fmt::format("{} is not true or false", value->dump()));
  return value->get<bool>();
}

std::string HfKeys::text(const Names& names) const {
  const json* value = find(names);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

const json* HfKeys::list(const Names& names) const {
  const json* value = find(names);
  if (value != nullptr && !value->is_array()) fail(names, fmt::format("{} is not a list", value->dump()));
  return value;
}

std::vector<int> HfKeys::integers(const Names& names) const {
  std::vector<int> numbers;
  const json* values = list(names);
  if (values == nullptr) return numbers;
  for (const auto& value : *values) {
    if (!value.is_number_integer() || value < 0 || value > kLargest)
      fail(names, fmt::format("{} is not a whole number from 0 to {}", value.dump(), kLargest));
    numbers.push_back(value.get<int>());
  }
  return numbers;
}

std::vector<std::string> HfKeys::texts(const Names& names) const {
  std::vector<std::string> words;
  const json* values = list(names);
  if (values == nullptr) return words;
  for (const auto& value : *values) {
    if (!value.is_string()) fail(names, fmt::format("{} is not a text", value.dump()));
    words.push_back(value.get<std::string>());
  }
  return words;
}

std::string HfKeys::architecture() const {
  const json* found = find({"architectures"});
  if (found == nullptr || !found->is_array() || found->empty() || !found->front().is_string()) return "";
  return found->front().get<std::string>();
}

void HfKeys::fail(const Names& names, const std::string& message, const std::string& hint) const {
  for (const auto& name : names) {
    if (inner_->contains(name) || outer_.contains(name)) source_.fail(name, message, hint);
  }
  source_.fail(names.front(), message, hint);
}

}  // namespace flotilla::models
