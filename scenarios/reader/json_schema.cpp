#include <fmt/format.h>

#include <algorithm>

#include "scenarios/reader/decimal.hpp"
#include "scenarios/reader/schema_base.hpp"

namespace flotilla::reader {
namespace {

using Json = nlohmann::ordered_json;

/// A scalar as an editor's validator sees it.
Json json_of_scalar(const Node& node) {
  const std::string& text = node.text();
  if (node.is_quoted()) return text;
  if (text == "true" || text == "false") return text == "true";
  const auto number = parse_decimal(text);
  if (!number) return text;
  std::int64_t integer = 0;
  if (to_integer(*number, integer) == IntegerFault::kNone) return integer;
  const auto value = to_double(*number);
  return value ? Json(*value) : Json(text);
}

Json json_of(const Node& node) {
  if (node.is_scalar()) return json_of_scalar(node);
  if (node.is_null()) return nullptr;
  if (node.is_sequence()) {
    Json list = Json::array();
    for (std::size_t i = 0; i < node.size(); ++i) list.push_back(json_of(node[i]));
    return list;
  }
  Json object = Json::object();
  for (const auto& [key, value] : node.entries()) object[key] = json_of(value);
  return object;
}

Json json_of(const Written& value) { return json_of(Document::from_text(to_flow(value), "default").root()); }

std::string description(const KeyInfo& key) {
  std::string text = key.help;
  if (!key.rules.unit.empty()) text += fmt::format(" [{}]", key.rules.unit);
  if (!key.rules.default_text.empty()) text += fmt::format(" (default: {})", key.rules.default_text);
  return text;
}

/// A nested struct describes its own defaults; they are repeated only where the outer struct has others.
bool tells_default(const KeyInfo& key, const Written& value) {
  if (key.rules.required || value.kind == Written::Kind::kAbsent || !key.rules.default_text.empty()) return false;
  if (value.kind != Written::Kind::kMapping) return true;
  SchemaList nested;
  key.nested(nested);
  return nested.empty() || to_flow(nested.front()->written(nested.front()->default_object().get())) != to_flow(value);
}

Json property(const KeyInfo& key, const Written& default_value) {
  Json schema = key.json_schema(key.rules);
  if (schema.contains("properties"))
    schema = {{"allOf", Json::array({schema})}};  // keeps the struct's own title and help apart
  schema["description"] = description(key);
  if (tells_default(key, default_value)) schema["default"] = json_of(default_value);
  return schema;
}

/// Moves each struct inside `node` to `definitions`, leaving a reference.
void hoist(Json& node, Json& definitions) {
  if (!node.is_structured()) return;
  for (auto& child : node) hoist(child, definitions);
  const bool is_struct = node.is_object() && node.contains("title") && node["title"].is_string() &&
                         node.contains("properties") && node["properties"].is_object();
  if (!is_struct) return;
  const std::string title = node["title"];
  std::string name = title;
  for (int i = 2; definitions.contains(name) && definitions[name] != node; ++i) name = fmt::format("{}_{}", title, i);
  definitions[name] = node;
  node = {{"$ref", "#/$defs/" + name}};
}

}  // namespace

Json SchemaBase::json_schema() const {
  thread_local SchemaList open;  // a struct may hold itself
  if (std::find(open.begin(), open.end(), this) != open.end())
    return {{"$ref", open.front() == this ? "#" : "#/$defs/" + title_}};
  open.push_back(this);
  const auto defaults = default_object();
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& key : keys_) {
    properties[key.name] = property(key, key.written(defaults.get()));
    for (const auto& alias : key.rules.aliases) {
      properties[alias] = properties[key.name];
      properties[alias]["description"] = fmt::format("another name of {}", key.name);
    }
    if (key.rules.required && key.rules.aliases.empty()) required.push_back(key.name);
  }
  open.pop_back();
  Json schema = {{"title", title_}, {"description", help_}, {"type", "object"}, {"properties", properties}};
  if (!required.empty()) schema["required"] = required;
  schema["additionalProperties"] = false;
  return schema;
}

Json whole_json_schema(const SchemaBase& schema) {
  Json whole = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
  Json root = schema.json_schema();
  Json definitions = Json::object();
  hoist(root["properties"], definitions);
  whole.update(root);
  if (!definitions.empty()) whole["$defs"] = definitions;
  return whole;
}

}  // namespace flotilla::reader
