#include <fmt/format.h>

#include "scenarios/reader/schema_base.hpp"

namespace flotilla::reader {
namespace {

std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  return escaped;
}

std::string default_cell(const KeyInfo& key, const Written& value) {
  if (key.rules.required) return "required";
  if (!key.rules.default_text.empty()) return key.rules.default_text;
  if (value.kind == Written::Kind::kAbsent) return "none";
  SchemaList nested;
  key.nested(nested);
  if (value.kind == Written::Kind::kMapping && !nested.empty()) return "its own defaults";
  return fmt::format("`{}`", to_flow(value));
}

std::string key_cell(const KeyInfo& key) {
  std::string text = fmt::format("`{}`", key.name);
  for (const auto& alias : key.rules.aliases) text += fmt::format(", also `{}`", alias);
  return text;
}

std::string table(const SchemaBase& schema) {
  std::string text = fmt::format("## `{}`\n\n{}\n\n", schema.title(), schema.help());
  text += "| key | type | unit | default | range | help |\n|---|---|---|---|---|---|\n";
  const auto defaults = schema.default_object();
  for (const auto& key : schema.keys()) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", cell(key_cell(key)), cell(key.type_text()),
                        cell(key.rules.unit), cell(default_cell(key, key.written(defaults.get()))),
                        cell(key.range_text(key.rules)), cell(key.help));
  }
  return text;
}

}  // namespace

std::string reference_page(const SchemaBase& schema) {
  SchemaList all;
  schema.collect(all);
  std::string page;
  for (const auto* part : all) page += fmt::format("{}{}", page.empty() ? "" : "\n", table(*part));
  return page;
}

}  // namespace flotilla::reader
