// The part of a schema that does not depend on the struct: keys as data, with functions that reach into an object by
// its address.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scenarios/reader/node.hpp"
#include "scenarios/reader/rules.hpp"
#include "scenarios/reader/written.hpp"

namespace flotilla::reader {

class SchemaBase;
using SchemaList = std::vector<const SchemaBase*>;

struct KeyInfo {
  std::string name;
  std::string help;
  KeyRules rules;
  std::function<void(const Node&, const KeyRules&, void* object)> read;
  std::function<Written(const void* object)> written;
  std::function<nlohmann::ordered_json(const KeyRules&)> json_schema;
  std::function<std::string()> type_text;
  std::function<std::string(const KeyRules&)> range_text;  ///< "" without limits
  std::function<void(SchemaList&)> nested;

  [[nodiscard]] bool is_called(const std::string& word) const;  ///< by its name or an alias
};

class SchemaBase {
 public:
  [[nodiscard]] const std::string& title() const { return title_; }
  [[nodiscard]] const std::string& help() const { return help_; }
  [[nodiscard]] const std::vector<KeyInfo>& keys() const { return keys_; }
  [[nodiscard]] std::shared_ptr<const void> default_object() const { return make_default_(); }

  /// Reads the mapping at `node` over the struct at `object`.
  void read_keys(const Node& node, void* object) const;
  [[nodiscard]] Written written(const void* object) const;
  /// With nested structs inline; see whole_json_schema.
  [[nodiscard]] nlohmann::ordered_json json_schema() const;
  /// Adds this schema and those inside it, each once, in the order of their keys.
  void collect(SchemaList& list) const;

 protected:
  SchemaBase(std::string title, std::string help, std::function<std::shared_ptr<const void>()> make_default);
  void add_key(KeyInfo key);

 private:
  [[nodiscard]] const KeyInfo* find(const std::string& word) const;
  [[noreturn]] void fail_unknown(const std::string& word, const Node& value) const;

  std::string title_, help_;
  std::vector<KeyInfo> keys_;
  std::function<std::shared_ptr<const void>()> make_default_;
};

/// Draft 2020-12 document: nested structs moved to $defs.
nlohmann::ordered_json whole_json_schema(const SchemaBase& schema);
std::string reference_page(const SchemaBase& schema);

}  // namespace flotilla::reader
