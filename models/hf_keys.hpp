// The keys of a Hugging Face config.json, with the types and ranges that are expected of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/json_source.hpp"

namespace flotilla::models {

/// Reads one file. Multimodal models hold the language model's keys in an object of their own (`text_config`, and
/// `llm_config` or `language_config` in some); it is searched first, then the top. A key that is null is absent.
class HfKeys {
 public:
  using Names = std::vector<std::string>;

  /// The file must outlive the keys.
  explicit HfKeys(const JsonSource& source);

  /// The value of the first of `names` that is present; nullptr if none is.
  [[nodiscard]] const nlohmann::json* find(const Names& names) const;
  [[nodiscard]] bool has(const std::string& name) const { return find({name}) != nullptr; }

  /// A whole number of at least `least`, or nothing if absent. Throws InputError at the key for anything else.
  [[nodiscard]] std::optional<int> integer(const Names& names, int least) const;
  /// One that must be there, and be positive.
  [[nodiscard]] int required(const Names& names) const;
  [[nodiscard]] int optional(const Names& names, int otherwise = 0) const;
  [[nodiscard]] bool flag(const Names& names, bool otherwise) const;
  /// "" if absent or no text.
  [[nodiscard]] std::string text(const Names& names) const;
  /// A list, or nullptr if absent. Throws InputError at the key if it is anything else.
  [[nodiscard]] const nlohmann::json* list(const Names& names) const;
  /// A list of whole numbers from 0; empty if absent.
  [[nodiscard]] std::vector<int> integers(const Names& names) const;
  /// A list of texts; empty if absent.
  [[nodiscard]] std::vector<std::string> texts(const Names& names) const;

  [[nodiscard]] bool nested() const { return inner_ != &outer_; }
  /// Of the whole model, and of the language model inside it where there is one.
  [[nodiscard]] std::string architecture() const;
  [[nodiscard]] std::string model_type() const { return text({"model_type"}); }

  /// Throws InputError at the first of `names` that the file holds.
  [[noreturn]] void fail(const Names& names, const std::string& message, const std::string& hint = {}) const;

 private:
  const JsonSource& source_;
  const nlohmann::json& outer_;
  const nlohmann::json* inner_;
};

}  // namespace flotilla::models
