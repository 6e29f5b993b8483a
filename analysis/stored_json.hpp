// A JSON file of results that is read back: it may have been written by another release, or by anybody.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/json_source.hpp"

namespace flotilla::analysis {

/// A value that is not there, or not what it should be, and its path in the file: candidates[0].figures.
class Misfit : public std::runtime_error {
 public:
  Misfit(const std::string& path, const std::string& message);
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  std::string path_, message_;
};

/// A view of a value, which knows its path. Whatever is asked of it that it has not throws Misfit.
class Stored {
 public:
  using Json = nlohmann::ordered_json;
  explicit Stored(const Json& json, std::string path = "") : json_(&json), path_(std::move(path)) {}

  [[nodiscard]] Stored at(const std::string& key) const;
  [[nodiscard]] bool has(const std::string& key) const { return json_->is_object() && json_->contains(key); }
  [[nodiscard]] bool is_null() const { return json_->is_null(); }
  [[nodiscard]] std::vector<Stored> list(std::size_t at_least = 0) const;
  /// Of a mapping: its keys and values.
  [[nodiscard]] std::vector<std::pair<std::string, Stored>> entries() const;
  template <class T>
  [[nodiscard]] T as() const {
    try {
      return json_->get<T>();
    } catch (const nlohmann::json::exception&) {
      fail("not of the right type");
    }
  }
  [[nodiscard]] const Json& json() const { return *json_; }
  [[noreturn]] void fail(const std::string& message) const { throw Misfit(path_, message); }

 private:
  const Json* json_;
  std::string path_;
};

/// Reads a file whose keys keep their order. `check` may throw Misfit: it becomes an InputError at the place in the
/// file, which says what the file is not, with the hint.
nlohmann::ordered_json read_stored(const std::string& path, const models::JsonKind& kind, const std::string& hint,
                                   void (*check)(const Stored&));

}  // namespace flotilla::analysis
