// A list of policies that register themselves from their own files: name, help, factory.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace flotilla::sim {

/// `Entry` has a `name`. Kept sorted, so that the order of initialisation never shows.
template <class Entry>
class Registry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }
  void add(Entry entry) {
    const auto place = std::lower_bound(entries_.begin(), entries_.end(), entry,
                                        [](const Entry& a, const Entry& b) { return a.name < b.name; });
    entries_.insert(place, std::move(entry));
  }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] const Entry& at(const std::string& name) const {
    for (const Entry& entry : entries_) {
      if (entry.name == name) return entry;
    }
    throw std::out_of_range("no policy is called " + name);
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.name);
    return names;
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace flotilla::sim
