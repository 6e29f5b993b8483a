#include "analysis/stored_json.hpp"

#include <fmt/format.h>

#include "scenarios/reader/path.hpp"

namespace flotilla::analysis {

Misfit::Misfit(const std::string& path, const std::string& message)
    : std::runtime_error(fmt::format("{}: {}", path, message)), path_(path), message_(message) {}

Stored Stored::at(const std::string& key) const {
  const std::string path = reader::child_path(path_, key);
  if (!has(key)) throw Misfit(path, "missing");
  return Stored(json_->at(key), path);
}

std::vector<Stored> Stored::list(std::size_t at_least) const {
  if (!json_->is_array()) fail("not a list");
  if (json_->size() < at_least) fail("an empty list");
  std::vector<Stored> items;
  for (std::size_t i = 0; i < json_->size(); ++i) items.emplace_back((*json_)[i], reader::child_path(path_, i));
  return items;
}

std::vector<std::pair<std::string, Stored>> Stored::entries() const {
  if (!json_->is_object()) fail("not a mapping");
  std::vector<std::pair<std::string, Stored>> entries;
  for (const auto& [key, value] : json_->items())
    entries.emplace_back(key, Stored(value, reader::child_path(path_, key)));
  return entries;
}

nlohmann::ordered_json read_stored(const std::string& path, const models::JsonKind& kind, const std::string& hint,
                                   void (*check)(const Stored&)) {
  const std::string text = models::read_json_text(path, kind);
  const models::JsonSource source(text, path, kind);  // for its errors, which say where; again for the order of keys
  auto json = nlohmann::ordered_json::parse(text);
  try {
    check(Stored(json));
  } catch (const Misfit& misfit) {
    source.fail_at(misfit.path(), fmt::format("{}: this is not {}", misfit.message(), kind.what), hint);
  }
  return json;
}

}  // namespace flotilla::analysis
