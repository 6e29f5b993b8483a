// The tree behind Node and Document. Values are shared and never changed: an alias is a second way to the same value,
// and an override builds new values along its path.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/reader/node.hpp"
#include "scenarios/reader/source.hpp"

namespace flotilla::reader {

/// Limits on what one document may hold, aliases expanded. Generous for what people write, small for what would hurt.
inline constexpr std::size_t kMaxFileBytes = 16'000'000;
inline constexpr std::size_t kMaxValues = 1'000'000;
inline constexpr std::size_t kMaxAliasedValues = 100'000;  ///< the part of them that comes through aliases
inline constexpr int kMaxDepth = 64;

enum class Kind { kNull, kScalar, kMapping, kSequence };

struct Place {
  const Source* source = nullptr;
  Position position;
};

struct Node::Impl {
  Kind kind = Kind::kNull;
  bool quoted = false;
  std::string text;  ///< of a scalar
  Place value;
  Place key;  ///< where the key stands, or the value itself in a sequence and at the root
  /// Of a mapping, in the order written; of a sequence with empty keys.
  std::vector<std::pair<std::string, std::shared_ptr<const Impl>>> children;
  std::size_t values = 1;  ///< in this tree, itself included, aliases expanded
  int height = 1;

  [[nodiscard]] std::shared_ptr<const Impl> child(std::string_view name) const;
};

using Tree = std::shared_ptr<const Node::Impl>;

struct DocumentData {
  std::vector<std::unique_ptr<Source>> sources;  ///< the file, then one per override
  Tree root;
};

/// Parses the one YAML document in `text`, whose positions are those of `source`; throws InputError. Values point to
/// `source`: keep it alive. Numbers, booleans and units are not looked at here.
Tree parse_yaml(const Source& source, const std::string& text);

/// "mapping", "list", "text '8O'", "nothing": for "a number is expected, ... is given".
std::string described(const Node::Impl& value);

}  // namespace flotilla::reader
