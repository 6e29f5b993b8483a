// How a user's word for a system or a fabric becomes one.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <type_traits>

#include "scenarios/reader/embedded.hpp"
#include "scenarios/reader/plain_text.hpp"
#include "topologies/spec.hpp"

namespace flotilla::topologies {
namespace {

constexpr const char* kDefaultFabric = "ib-ndr-rail";

/// A word as a user wrote it, and where.
struct Word {
  std::string text;
  SourceLocation where;
  std::string path;  ///< dotted; "" where the word does not stand in a document
};

Word command_line(const std::string& word) { return {word, {"command line", 0, 0, ""}, ""}; }

template <class T>
struct Kind;
template <>
struct Kind<System> {
  static constexpr const char* kFolder = "topologies/catalog/systems";
  static constexpr const char* kName = "system";
};
template <>
struct Kind<FabricSpec> {
  static constexpr const char* kFolder = "topologies/catalog/fabrics";
  static constexpr const char* kName = "fabric";
};

/// h100_sxm and H100-SXM are one word.
std::string canonical(std::string word) {
  for (char& c : word) c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

template <class T>
reader::Document catalog_document(const std::string& name) {
  const auto path = fmt::format("{}/{}.yaml", Kind<T>::kFolder, name);
  return reader::Document::from_text(std::string(reader::embedded_file(path).value()), path);
}

/// A file is like another, which is like another: so far and no farther, for one may be like itself.
constexpr int kMostRelatives = 8;

template <class T>
T load_word(const Word& word, int relatives = 0);

bool looks_like_path(const std::string& word) {
  const auto extension = std::filesystem::path(word).extension();
  return word.find('/') != std::string::npos || extension == ".yaml" || extension == ".yml";
}

/// Relative paths in a file are relative to that file.
std::filesystem::path beside(const std::filesystem::path& path, const SourceLocation& where) {
  return path.is_relative() ? std::filesystem::path(where.file).parent_path() / path : path;
}

template <class T>
T read_over_like(const reader::Node& node, T base, int relatives) {
  if (node.is_mapping() && node.has("like")) {
    const reader::Node like = node.at("like");
    if (relatives == kMostRelatives) like.fail("too many files that are like one another; is one like itself?");
    base = load_word<T>({reader::Codec<std::string>::read(like, {}), like.where(), like.path()}, relatives + 1);
  }
  T::schema().read_over(node, base);
  if constexpr (std::is_same_v<T, System>) {
    if (node.has("gpu") && looks_like_path(base.gpu)) base.gpu = beside(base.gpu, node.at("gpu").where()).string();
  }
  return base;
}

template <class T>
std::string catalog_name(const std::string& word) {
  const auto names = reader::embedded_names(Kind<T>::kFolder);
  auto wanted = canonical(word);
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  for (const auto& name : names) {
    const auto root = catalog_document<T>(name).root();
    if (!root.has("aliases")) continue;
    const auto aliases = root.at("aliases");
    for (std::size_t i = 0; i < aliases.size(); ++i) {
      if (canonical(aliases[i].text()) == wanted) return name;
    }
  }
  return "";
}

template <class T>
T load_word(const Word& word, int relatives) {
  if (const auto name = catalog_name<T>(word.text); !name.empty()) {
    return read_over_like(catalog_document<T>(name).root(), T{}, relatives);
  }
  if (!looks_like_path(word.text)) {
    const auto names = reader::embedded_names(Kind<T>::kFolder);
    std::string hint = reader::suggest(word.text, names);
    if (reader::did_you_mean(word.text, names).empty()) hint += "; or the path of a file of your own";
    throw InputError(word.where, word.path, fmt::format("unknown {} '{}'", Kind<T>::kName, word.text), hint);
  }
  const std::filesystem::path path =
      word.path.empty() ? std::filesystem::path(word.text) : beside(word.text, word.where);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw InputError(word.where, word.path, fmt::format("no such file: {}", path.string()));
  }
  return read_over_like(reader::load_plain(path.string()).root(), T{}, relatives);
}

Word word_at(const reader::Node& node) { return {node.text(), node.where(), node.path()}; }

}  // namespace

std::vector<std::string> system_names() { return reader::embedded_names(Kind<System>::kFolder); }
std::vector<std::string> fabric_names() { return reader::embedded_names(Kind<FabricSpec>::kFolder); }

System load_system(const std::string& name_or_path) { return load_word<System>(command_line(name_or_path)); }
System load_system(const reader::Node& name_or_path) { return load_word<System>(word_at(name_or_path)); }

FabricSpec load_fabric(const std::string& name_or_path) { return load_word<FabricSpec>(command_line(name_or_path)); }

FabricSpec load_fabric(const reader::Node& node) {
  if (!node.is_mapping()) return load_word<FabricSpec>(word_at(node));
  auto fabric = read_over_like(node, load_word<FabricSpec>(command_line(kDefaultFabric)), 0);
  if (!node.has("name")) fabric.name = "custom";
  if (!node.has("title")) fabric.title.clear();
  return fabric;
}

}  // namespace flotilla::topologies
