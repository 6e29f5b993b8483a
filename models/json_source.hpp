// A JSON file of a user's, with errors that say where.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "scenarios/reader/error.hpp"

namespace flotilla::models {

/// What a file should be, for its errors, and how large it may be.
struct JsonKind {
  std::string_view what;
  std::uintmax_t largest_mb;
};
inline constexpr JsonKind kModelConfig{"a Hugging Face config.json", 16};

/// Throws InputError: missing, no regular file, too large.
std::string read_json_text(const std::string& path, const JsonKind&);

class JsonSource {
 public:
  /// Throws InputError: as read_json_text; malformed (line and column), not an object at the top.
  static JsonSource load(const std::string& path, const JsonKind& = kModelConfig);
  JsonSource(std::string text, std::string file, const JsonKind& = kModelConfig);

  [[nodiscard]] const nlohmann::json& root() const { return root_; }
  [[nodiscard]] const std::string& file() const { return file_; }

  /// Fails at the first place in the text where `key` stands as a key; at the file as a whole if it stands nowhere.
  [[noreturn]] void fail(std::string_view key, const std::string& message, const std::string& hint = {}) const;
  /// Fails at the value that this path leads to (a.b[0].c), or as far on the way there as there is one.
  [[noreturn]] void fail_at(const std::string& path, const std::string& message, const std::string& hint = {}) const;

 private:
  [[nodiscard]] SourceLocation at_offset(std::size_t offset) const;
  std::string text_, file_;
  nlohmann::json root_;
};

}  // namespace flotilla::models
