#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "scenarios/reader/path.hpp"
#include "scenarios/reader/schema_base.hpp"

namespace flotilla::reader {

bool KeyInfo::is_called(const std::string& word) const {
  return name == word || std::find(rules.aliases.begin(), rules.aliases.end(), word) != rules.aliases.end();
}

SchemaBase::SchemaBase(std::string title, std::string help, std::function<std::shared_ptr<const void>()> make_default)
    : title_(std::move(title)), help_(std::move(help)), make_default_(std::move(make_default)) {}

void SchemaBase::add_key(KeyInfo key) {
  std::vector<std::string> words = key.rules.aliases;
  words.push_back(key.name);
  for (const auto& word : words) {
    if (find(word) != nullptr) throw std::logic_error(fmt::format("schema {}: two keys are called '{}'", title_, word));
  }
  keys_.push_back(std::move(key));
}

const KeyInfo* SchemaBase::find(const std::string& word) const {
  for (const auto& key : keys_) {
    if (key.is_called(word)) return &key;
  }
  return nullptr;
}

void SchemaBase::fail_unknown(const std::string& word, const Node& value) const {
  std::vector<std::string> words;
  for (const auto& key : keys_) words.push_back(key.name);
  for (const auto& key : keys_) words.insert(words.end(), key.rules.aliases.begin(), key.rules.aliases.end());
  std::string hint = suggest(word, words);
  for (const auto& key : keys_) {
    SchemaList inside;
    key.nested(inside);
    if (!inside.empty() && inside.front()->find(word) != nullptr)
      hint = fmt::format("'{}' is a key of '{}'", word, key.name);
  }
  if (word.find(':') != std::string::npos) hint = "put a blank behind the ':'";
  value.fail_at_key(fmt::format("unknown key {}", in_quotes(word)), hint);
}

void SchemaBase::read_keys(const Node& node, void* object) const {
  if (!node.is_mapping()) {
    std::vector<std::string> names;
    for (const auto& key : keys_) names.push_back(key.name);
    node.fail_type("a mapping (key: value)", names.empty() ? "" : "its keys: " + listed(names));
  }
  std::vector<std::string> given(keys_.size());
  for (const auto& [word, value] : node.entries()) {
    const KeyInfo* key = find(word);
    if (key == nullptr) fail_unknown(word, value);
    std::string& earlier = given[static_cast<std::size_t>(key - keys_.data())];
    if (!earlier.empty())
      value.fail_at_key(fmt::format("'{}' and '{}' are two names of one key", earlier, word), "keep one of them");
    earlier = word;
    key->read(value, key->rules, object);
  }
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].rules.required && given[i].empty()) {
      node.fail(fmt::format("the key '{}' is missing", keys_[i].name),
                fmt::format("{}: {}", keys_[i].name, keys_[i].help));
    }
  }
}

Written SchemaBase::written(const void* object) const {
  Written mapping = Written::mapping();
  for (const auto& key : keys_)
    mapping.entries.push_back({.key = key.name, .value = key.written(object), .info = &key});
  return mapping;
}

void SchemaBase::collect(SchemaList& list) const {
  if (std::find(list.begin(), list.end(), this) != list.end()) return;
  list.push_back(this);
  for (const auto& key : keys_) key.nested(list);
}

}  // namespace flotilla::reader
