// Schema<T> and the functions over it. Included by schema.hpp.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "scenarios/reader/schema.hpp"

namespace flotilla::reader {

template <class T>
Schema<T>::Schema(std::string title, std::string help)
    : SchemaBase(std::move(title), std::move(help),
                 [] { return std::shared_ptr<const void>(std::make_shared<const T>()); }) {}

template <class T>
template <class M, class Owner>
Schema<T>& Schema<T>::key(std::string name, M Owner::*member, std::string help, KeyRules rules) {
  static_assert(std::is_base_of_v<Owner, T>, "the member belongs to another struct");
  KeyInfo info;
  info.name = std::move(name);
  info.help = std::move(help);
  info.rules = std::move(rules);
  info.read = [member](const Node& node, const KeyRules& r, void* object) {
    read_member(node, r, static_cast<T*>(object)->*member);
  };
  info.written = [member](const void* object) { return written_as<M>(static_cast<const T*>(object)->*member); };
  info.json_schema = [](const KeyRules& r) { return json_schema_as<M>(r); };
  info.type_text = [] { return Codec<M>::type_text(); };
  info.range_text = [](const KeyRules& r) { return range_as<M>(r); };
  info.nested = [](SchemaList& list) { nested_as<M>(list); };
  add_key(std::move(info));
  return *this;
}

template <class T>
Schema<T>& Schema<T>::check(std::function<void(const T&, const Node&)> rule) {
  checks_.push_back(std::move(rule));
  return *this;
}

template <class T>
void Schema<T>::read_over(const Node& node, T& value) const {
  read_keys(node, &value);
  for (const auto& rule : checks_) rule(value, node);
}

template <class T>
T read(const Node& node) {
  return read_as<T>(node, {});
}

template <class T>
std::string write_flow(const T& value) {
  return to_flow(written_as<T>(value));
}

template <class T>
std::string write_yaml(const T& value) {
  return to_document(written_as<T>(value), nullptr);
}

template <class T>
std::string write_yaml(const T& value, const Origins& origins) {
  return to_document(written_as<T>(value), &origins);
}

template <class T>
Origins origins_of(const T& value, const Node& node) {
  return collect_origins(written_as<T>(value), node);
}

template <class T>
nlohmann::ordered_json json_schema() {
  return whole_json_schema(T::schema());
}

template <class T>
std::string reference_markdown() {
  return reference_page(T::schema());
}

}  // namespace flotilla::reader
