#include "scenarios/reader/node.hpp"

#include <fmt/format.h>

#include "scenarios/reader/path.hpp"
#include "scenarios/reader/tree.hpp"

namespace flotilla::reader {

Tree Node::Impl::child(std::string_view name) const {
  for (const auto& [key_text, value_node] : children) {
    if (key_text == name) return value_node;
  }
  return nullptr;
}

std::string described(const Node::Impl& value) {
  switch (value.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return in_quotes(value.text);
    case Kind::kMapping:
      return "a mapping";
    case Kind::kSequence:
      return "a list";
  }
  return "";
}

Node::Node(std::shared_ptr<const DocumentData> document, std::shared_ptr<const Impl> impl, std::string path)
    : document_(std::move(document)), impl_(std::move(impl)), path_(std::move(path)) {}

bool Node::is_scalar() const { return impl_->kind == Kind::kScalar; }
bool Node::is_mapping() const { return impl_->kind == Kind::kMapping; }
bool Node::is_sequence() const { return impl_->kind == Kind::kSequence; }
bool Node::is_null() const { return impl_->kind == Kind::kNull; }
bool Node::is_quoted() const { return impl_->quoted; }

const std::string& Node::text() const {
  if (!is_scalar()) fail_type("a single value");
  return impl_->text;
}

std::size_t Node::size() const { return impl_->children.size(); }

Node Node::operator[](std::size_t index) const {
  if (!is_sequence()) fail_type("a list");
  if (index >= size()) fail(fmt::format("the list has {} elements, element {} is asked for", size(), index));
  return {document_, impl_->children[index].second, child_path(path_, index)};
}

std::vector<std::pair<std::string, Node>> Node::entries() const {
  if (!is_mapping()) fail_type("a mapping (key: value)");
  std::vector<std::pair<std::string, Node>> result;
  result.reserve(size());
  for (const auto& [key, value] : impl_->children)
    result.emplace_back(key, Node(document_, value, child_path(path_, key)));
  return result;
}

bool Node::has(std::string_view key) const { return is_mapping() && impl_->child(key) != nullptr; }

Node Node::at(std::string_view key) const {
  if (!is_mapping()) fail_type("a mapping (key: value)");
  auto value = impl_->child(key);
  if (!value) fail(fmt::format("the key '{}' is missing", key));
  return {document_, std::move(value), child_path(path_, key)};
}

SourceLocation Node::where() const {
  return impl_->value.source != nullptr ? impl_->value.source->at(impl_->value.position) : SourceLocation{};
}
SourceLocation Node::key_where() const {
  return impl_->key.source != nullptr ? impl_->key.source->at(impl_->key.position) : where();
}
std::string Node::origin() const {
  const Source* source = impl_->value.source;
  if (source == nullptr) return "";
  return source->name() == kCommandLine ? source->name()
                                        : fmt::format("{}:{}", source->name(), impl_->value.position.line + 1);
}

void Node::fail(const std::string& message, const std::string& hint) const {
  throw InputError(where(), path_, message, hint);
}
void Node::fail_type(const std::string& expected, const std::string& hint) const {
  fail(fmt::format("{} is expected, {} is given", expected, described(*impl_)), hint);
}
void Node::fail_at_key(const std::string& message, const std::string& hint) const {
  throw InputError(key_where(), path_, message, hint);
}
void Node::fail_for(std::string_view key, const std::string& message, const std::string& hint) const {
  if (has(key)) at(key).fail(message, hint);
  throw InputError(key_where(), child_path(path_, key), message, hint);
}

}  // namespace flotilla::reader
