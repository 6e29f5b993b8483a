#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "scenarios/reader/decimal.hpp"
#include "scenarios/reader/path.hpp"
#include "scenarios/reader/schema_base.hpp"
#include "scenarios/reader/written.hpp"

namespace flotilla::reader {
namespace {

bool is_plain_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("_./@+-()= ").find(c) != std::string_view::npos;
}

/// Words and forms that some YAML reader takes for something other than text.
bool means_something_else(std::string_view text) {
  std::string word;
  for (const char c : text) word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* special :
       {"null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", "+.inf", ".nan", "inf", "nan"}) {
    if (word == special) return true;
  }
  const bool date_or_hex =
      std::isdigit(static_cast<unsigned char>(word[0])) != 0 &&
      (word.find_first_not_of("0123456789-_.") == std::string::npos || word.compare(0, 2, "0x") == 0 ||
       word.compare(0, 2, "0o") == 0 || word.compare(0, 2, "0b") == 0);
  return date_or_hex || parse_decimal(text).has_value();
}

bool may_be_plain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  const char first = text.front();
  if (std::isalnum(static_cast<unsigned char>(first)) == 0 && first != '_' && first != '/' && first != '.')
    return false;
  return std::all_of(text.begin(), text.end(), is_plain_character) && text.substr(0, 3) != "..." &&
         !means_something_else(text);
}

/// Whether a value takes lines of its own; lists of plain values stay on one.
bool is_block(const Written& value) {
  if (value.kind == Written::Kind::kText || value.kind == Written::Kind::kAbsent || value.entries.empty()) return false;
  if (value.kind == Written::Kind::kMapping) return true;
  return std::any_of(value.entries.begin(), value.entries.end(), [](const auto& e) { return is_block(e.value); });
}

/// A comment must not end early, whatever a file is called.
std::string one_line(std::string text) {
  for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return text;
}

/// Lines of a block at the margin, each with its comment.
class BlockWriter {
 public:
  explicit BlockWriter(const Origins* origins) : origins_(origins) {}

  std::vector<std::string> block(const Written& value, const std::string& path, const std::string& inherited) const {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < value.entries.size(); ++i) {
      const auto& entry = value.entries[i];
      const bool in_list = value.kind == Written::Kind::kList;
      const std::string here = in_list ? child_path(path, i) : child_path(path, entry.key);
      add(entry, in_list, here, origin(here, inherited), lines);
    }
    return lines;
  }

  [[nodiscard]] std::string origin(const std::string& path, const std::string& inherited) const {
    if (origins_ == nullptr) return "";
    const auto found = origins_->find(path);
    return found == origins_->end() ? inherited : found->second;
  }

 private:
  void add(const WrittenEntry& entry, bool in_list, const std::string& path, const std::string& from,
           std::vector<std::string>& lines) const {
    const Written& value = entry.value;
    const std::string name = in_list ? "-" : quoted_if_needed(entry.key) + ":";
    if (value.kind == Written::Kind::kAbsent && !in_list) {
      if (origins_ != nullptr && entry.info != nullptr && !entry.info->rules.default_text.empty()) {
        lines.push_back(fmt::format("# {} {}", name, one_line(entry.info->rules.default_text)));
      }
      return;
    }
    if (!is_block(value)) {
      lines.push_back(fmt::format("{} {}{}", name, to_flow(value), origins_ == nullptr ? "" : "  # " + one_line(from)));
      return;
    }
    std::vector<std::string> inside = block(value, path, from);
    if (in_list) {
      add_element(std::move(inside), lines);
    } else {
      lines.push_back(name);
      for (auto& line : inside) lines.push_back("  " + line);
    }
  }

  /// "- " before the first line that is not a comment.
  static void add_element(std::vector<std::string> inside, std::vector<std::string>& lines) {
    bool opened = false;
    for (auto& line : inside) {
      const bool opens = !opened && line[0] != '#';
      lines.push_back((opens ? "- " : "  ") + line);
      opened = opened || opens;
    }
    if (!opened) lines.push_back("- {}");
  }

  const Origins* origins_;
};

}  // namespace

Written Written::leaf(std::string flow_text) {
  Written value;
  value.kind = Kind::kText;
  value.text = std::move(flow_text);
  return value;
}

Written Written::mapping() {
  Written value;
  value.kind = Kind::kMapping;
  return value;
}

Written Written::list() {
  Written value;
  value.kind = Kind::kList;
  return value;
}

std::string quoted_if_needed(std::string_view text) {
  if (may_be_plain(text)) return std::string(text);
  std::string quoted_text = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted_text += std::string("\\") + c;
    } else if (c == '\n') {
      quoted_text += "\\n";
    } else if (c == '\t') {
      quoted_text += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted_text += fmt::format("\\x{:02x}", byte);
    } else {
      quoted_text += c;
    }
  }
  return quoted_text + "\"";
}

std::string to_flow(const Written& value) {
  if (value.kind == Written::Kind::kText) return value.text;
  if (value.kind == Written::Kind::kAbsent) return "null";
  const bool is_list = value.kind == Written::Kind::kList;
  std::string inside;
  for (const auto& entry : value.entries) {
    if (!is_list && entry.value.kind == Written::Kind::kAbsent) continue;
    inside += (inside.empty() ? "" : ", ") + (is_list ? "" : quoted_if_needed(entry.key) + ": ") + to_flow(entry.value);
  }
  return is_list ? "[" + inside + "]" : "{" + inside + "}";
}

std::string to_document(const Written& value, const Origins* origins) {
  const BlockWriter writer(origins);
  if (value.kind != Written::Kind::kMapping && value.kind != Written::Kind::kList) return to_flow(value) + "\n";
  std::string text;
  bool has_value = false;
  for (const auto& line : writer.block(value, "", writer.origin("", "default"))) {
    text += line + "\n";
    has_value = has_value || line[0] != '#';
  }
  return has_value ? text : text + (value.kind == Written::Kind::kList ? "[]\n" : "{}\n");
}

namespace {

void collect(const Written& value, const Node& node, Origins& origins) {
  const bool same_shape = value.kind == Written::Kind::kList ? node.is_sequence() : node.is_mapping();
  if (!is_block(value) || !same_shape) {
    origins[node.path()] = node.origin();
    return;
  }
  for (std::size_t i = 0; i < value.entries.size(); ++i) {
    const auto& entry = value.entries[i];
    if (value.kind == Written::Kind::kList) {
      if (i < node.size()) collect(entry.value, node[i], origins);
      continue;
    }
    bool given = false;
    const std::string path = child_path(node.path(), entry.key);
    for (const auto& [word, child] : node.entries()) {
      if (word != entry.key && (entry.info == nullptr || !entry.info->is_called(word))) continue;
      Origins below;
      collect(entry.value, child, below);
      for (const auto& [below_path, from] : below) origins[path + below_path.substr(child.path().size())] = from;
      given = true;
    }
    if (!given && entry.value.kind != Written::Kind::kAbsent) origins[path] = "default";
  }
}

}  // namespace

Origins collect_origins(const Written& value, const Node& node) {
  Origins origins;
  collect(value, node, origins);
  return origins;
}

}  // namespace flotilla::reader
