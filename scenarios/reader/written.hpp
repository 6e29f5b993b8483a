// A value on its way out to YAML: text for a leaf, entries for a mapping or a list. What resolved.yaml is made of.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/reader/node.hpp"

namespace flotilla::reader {

struct KeyInfo;
struct WrittenEntry;

struct Written {
  enum class Kind { kAbsent, kText, kMapping, kList };
  Kind kind = Kind::kAbsent;
  std::string text;  ///< of a leaf, YAML flow text
  std::vector<WrittenEntry> entries;

  static Written leaf(std::string flow_text);
  static Written mapping();
  static Written list();
};

struct WrittenEntry {
  std::string key = {};  ///< empty in a list
  Written value = {};
  const KeyInfo* info = nullptr;  ///< of a struct's key
};

/// Where each resolved value came from: dotted path -> "scenario.yaml:12", "command line", "engine vllm", "default". A
/// path holds for everything below it that has no origin of its own.
using Origins = std::map<std::string, std::string>;

/// A string as a YAML scalar: plain where every YAML reader would take it for text, else in double quotes.
std::string quoted_if_needed(std::string_view text);

std::string to_flow(const Written& value);
/// `origins` may be null: no comments then.
std::string to_document(const Written& value, const Origins* origins);
Origins collect_origins(const Written& value, const Node& node);

}  // namespace flotilla::reader
