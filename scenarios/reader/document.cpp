#include <fmt/format.h>

#include <algorithm>

#include "scenarios/reader/load.hpp"
#include "scenarios/reader/node.hpp"
#include "scenarios/reader/path.hpp"
#include "scenarios/reader/tree.hpp"

namespace flotilla::reader {
namespace {

Tree step_into(const Node::Impl& value, const PathStep& step) {
  if (value.kind == Kind::kMapping && !step.bracketed) return value.child(step.key);
  if (value.kind == Kind::kSequence && step.index && *step.index < value.children.size())
    return value.children[*step.index].second;
  return nullptr;
}

/// Follows `path` as far as it was written: the value reached, and whether that is the end of the path.
std::pair<Tree, bool> follow(const Tree& root, std::string_view path) {
  if (path.empty()) return {root, true};
  Tree here = root;
  try {
    for (const auto& step : parse_path(path)) {
      Tree next = step_into(*here, step);
      if (!next) return {here, false};
      here = std::move(next);
    }
  } catch (const PathError&) {
    return {here, false};
  }
  return {here, true};
}

SourceLocation location(const Place& place) {
  return place.source != nullptr ? place.source->at(place.position) : SourceLocation{};
}

}  // namespace

Document Document::load(const std::string& path) { return from_text(read_text_file(path), path); }

Document Document::from_text(std::string text, std::string name) {
  Document document;
  document.data_ = std::make_shared<DocumentData>();
  auto& sources = document.data_->sources;
  sources.push_back(std::make_unique<Source>(std::move(name), std::move(text)));
  if (sources.front()->text().size() > kMaxFileBytes) {
    throw InputError({sources.front()->name(), 0, 0, ""}, "",
                     fmt::format("more than {} MB of text", kMaxFileBytes / 1'000'000));
  }
  check_text(*sources.front());
  const Tree root = parse_yaml(*sources.front(), sources.front()->text());
  const bool is_written = root->value.source != nullptr && !sources.front()->rest(root->value.position).empty();
  if (root->kind == Kind::kNull && !is_written) {
    throw InputError({sources.front()->name(), 0, 0, ""}, "", "the file holds nothing but comments and blanks");
  }
  document.data_->root = root;
  return document;
}

Node Document::root() const { return {data_, data_->root, ""}; }
const std::string& Document::name() const { return data_->sources.front()->name(); }

SourceLocation Document::where(std::string_view path) const {
  const auto [value, complete] = follow(data_->root, path);
  return complete ? location(value->value) : location(value->key);
}

std::string Document::origin(std::string_view path) const {
  const auto [value, complete] = follow(data_->root, path);
  return complete ? Node(data_, value, std::string(path)).origin() : "";
}

void Document::fail(std::string_view path, const std::string& message, const std::string& hint) const {
  throw InputError(where(path), std::string(path), message, hint);
}

}  // namespace flotilla::reader
