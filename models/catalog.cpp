#include "models/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "scenarios/reader/embedded.hpp"
#include "scenarios/reader/plain_text.hpp"

namespace flotilla::models {
namespace {

namespace fs = std::filesystem;

std::string folder(std::string_view kind) { return fmt::format("models/catalog/{}", kind); }

/// Names are compared in lower case with hyphens: h100_sxm and H100-SXM are one word.
std::string canonical(std::string_view word) {
  std::string result(word);
  for (char& c : result) c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// Alias -> name, from the `aliases` key of every file of the kind.
const std::map<std::string, std::string>& aliases(std::string_view kind) {
  static std::map<std::string, std::map<std::string, std::string>> by_kind;
  const auto [entry, fresh] = by_kind.try_emplace(std::string(kind));
  if (!fresh) return entry->second;
  for (const auto& name : catalog_names(kind)) {
    const auto root = catalog_document(kind, name).root();
    if (!root.has("aliases")) continue;
    const auto list = root.at("aliases");
    for (std::size_t i = 0; i < list.size(); ++i) entry->second.emplace(canonical(list[i].text()), name);
  }
  return entry->second;
}

std::string singular(std::string_view kind) {
  if (kind == "llms") return "model";
  if (kind == "gpus") return "GPU";
  return std::string(kind.substr(0, kind.size() - 1));
}

}  // namespace

std::vector<std::string> catalog_names(std::string_view kind) { return reader::embedded_names(folder(kind)); }

Reference::Reference(std::string word) : text(std::move(word)) { where.file = "command line"; }

Reference::Reference(const reader::Node& node) : text(node.text()), where(node.where()), path(node.path()) {}

void Reference::fail(const std::string& message, const std::string& hint) const {
  throw InputError(where, path, message, hint);
}

std::string catalog_name(std::string_view kind, std::string_view word) {
  const auto wanted = canonical(word);
  const auto names = catalog_names(kind);
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  const auto alias = aliases(kind).find(wanted);
  return alias == aliases(kind).end() ? "" : alias->second;
}

reader::Document catalog_document(std::string_view kind, std::string_view name) {
  const auto path = fmt::format("{}/{}.yaml", folder(kind), name);
  return reader::Document::from_text(std::string(reader::embedded_file(path).value()), path);
}

bool looks_like_path(std::string_view word) {
  const auto ends_in = [&](std::string_view ending) {
    return word.size() > ending.size() && word.substr(word.size() - ending.size()) == ending;
  };
  return word.find('/') != std::string_view::npos || ends_in(".yaml") || ends_in(".yml") || ends_in(".json");
}

std::string resolved_path(const Reference& reference) {
  const fs::path path(reference.text);
  if (path.is_absolute() || reference.path.empty() || reference.where.file == "command line") return reference.text;
  return (fs::path(reference.where.file).parent_path() / path).string();
}

reader::Document find_document(std::string_view kind, const Reference& reference) {
  if (const auto name = catalog_name(kind, reference.text); !name.empty()) return catalog_document(kind, name);
  if (looks_like_path(reference.text)) {
    const auto path = resolved_path(reference);
    std::error_code ignored;
    if (!fs::exists(path, ignored)) reference.fail(fmt::format("no such file: {}", path));
    return reader::load_plain(path);
  }
  const auto names = catalog_names(kind);
  auto hint = reader::suggest(reference.text, names);
  if (reader::did_you_mean(reference.text, names).empty()) hint += "; or the path of a file of your own";
  reference.fail(fmt::format("unknown {} '{}'", singular(kind), reference.text), hint);
}

}  // namespace flotilla::models
