#include "analysis/summary/json.hpp"

#include <cmath>
#include <type_traits>

#include "analysis/stored_json.hpp"
#include "analysis/summary/visit.hpp"

namespace flotilla::analysis {

namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kStable:
      return "stable";
    case Verdict::kSaturated:
      return "saturated";
    case Verdict::kNotApplicable:
      break;
  }
  return "not_applicable";
}

struct Writer {
  Json& json;
  template <class T>
  void field(const std::string& key, const T& value, const char*, const std::string&) {
    if constexpr (std::is_same_v<T, double>) {
      json[key] = std::isfinite(value) ? Json(value) : Json(nullptr);
    } else {
      json[key] = value;
    }
  }
  template <class T>
  void field(const std::string& key, const std::optional<T>& value, const char* unit, const std::string& definition) {
    if (value) {
      field(key, *value, unit, definition);
    } else {
      json[key] = nullptr;
    }
  }
  void rate(const std::string& key, const std::optional<double>& value, const char*, const std::string&) {
    json[key] = value ? Json(*value) : Json("inf");
  }
  void verdict(const std::string& key, Verdict value, const char*, const std::string&) { json[key] = name_of(value); }
  template <class Body>
  void group(const std::string& key, Body body) {
    Json inner = Json::object();
    Writer writer{inner};
    body(writer);
    json[key] = std::move(inner);
  }
  template <class T, class Body>
  void list(const std::string& key, const std::vector<T>& items, Body body) {
    Json array = Json::array();
    for (const T& item : items) {
      Json inner = Json::object();
      Writer writer{inner};
      body(item, writer);
      array.push_back(std::move(inner));
    }
    json[key] = std::move(array);
  }
  template <class T, class Body>
  void list_if_any(const std::string& key, const std::vector<T>& items, Body body) {
    if (!items.empty()) list(key, items, body);
  }
};

struct Reader {
  Stored json;
  template <class T>
  void field(const std::string& key, T& value, const char*, const std::string&) {
    value = json.at(key).as<T>();
  }
  template <class T>
  void field(const std::string& key, std::optional<T>& value, const char*, const std::string&) {
    if (const Stored found = json.at(key); !found.is_null()) value = found.as<T>();
  }
  void rate(const std::string& key, std::optional<double>& value, const char*, const std::string&) {
    if (const Stored found = json.at(key); found.json().is_number()) value = found.as<double>();
  }
  void verdict(const std::string& key, Verdict& value, const char*, const std::string&) {
    const auto text = json.at(key).as<std::string>();
    for (const Verdict v : {Verdict::kStable, Verdict::kSaturated, Verdict::kNotApplicable}) {
      if (text == name_of(v)) value = v;
    }
  }
  template <class Body>
  void group(const std::string& key, Body body) {
    Reader reader{json.at(key)};
    body(reader);
  }
  template <class T, class Body>
  void list(const std::string& key, std::vector<T>& items, Body body) {
    for (const Stored& inner : json.at(key).list()) {
      Reader reader{inner};
      body(items.emplace_back(), reader);
    }
  }
  template <class T, class Body>
  void list_if_any(const std::string& key, std::vector<T>& items, Body body) {
    if (json.has(key)) list(key, items, body);
  }
};

struct Lister {
  std::vector<MetricDefinition>& out;
  std::string prefix;
  template <class T>
  void field(const std::string& key, const T&, const char* unit, const std::string& definition) {
    out.push_back({prefix + key, unit, definition});
  }
  template <class T>
  void rate(const std::string& key, const T& value, const char* unit, const std::string& definition) {
    field(key, value, unit, definition);
  }
  template <class T>
  void verdict(const std::string& key, const T& value, const char* unit, const std::string& definition) {
    field(key, value, unit, definition);
  }
  template <class Body>
  void group(const std::string& key, Body body) {
    Lister inner{out, prefix + key + "."};
    body(inner);
  }
  template <class T, class Body>
  void list(const std::string& key, const std::vector<T>&, Body body) {
    Lister inner{out, prefix + key + "[]."};
    const T sample{};
    body(sample, inner);
  }
  template <class T, class Body>
  void list_if_any(const std::string& key, const std::vector<T>& items, Body body) {
    list(key, items, body);
  }
};

}  // namespace

Json to_json(const Summary& summary) {
  Json json = Json::object();
  Writer writer{json};
  visit_summary(summary, writer);
  return json;
}

Summary summary_from_json(const Json& json) {
  Summary summary;
  Reader reader{Stored(json)};
  visit_summary(summary, reader);
  return summary;
}

std::vector<MetricDefinition> metric_definitions() {
  std::vector<MetricDefinition> out;
  Lister lister{out, ""};
  const Summary summary;
  visit_summary(summary, lister);
  return out;
}

}  // namespace flotilla::analysis
