// Document::set: one `a.b[0].c=value` of the command line. Values are never changed in place, so those along the path
// are built anew and the others are shared.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/reader/path.hpp"
#include "scenarios/reader/tree.hpp"

namespace flotilla::reader {
namespace {

using Impl = Node::Impl;

struct Override {
  const Source& source;
  std::vector<PathStep> steps;
  Tree value;

  [[nodiscard]] Place place(std::size_t step) const { return {&source, {0, static_cast<int>(steps[step].offset)}}; }
  [[nodiscard]] std::string path(std::size_t count) const {
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
      text = steps[i].bracketed ? child_path(text, *steps[i].index) : child_path(text, steps[i].key);
    return text;
  }
  [[noreturn]] void fail(std::size_t step, const std::string& message, const std::string& hint = {}) const {
    throw InputError(source.at(place(step).position), path(step + 1), message, hint);
  }
};

void recount(Impl& value) {
  value.values = 1;
  value.height = 1;
  for (const auto& [key, child] : value.children) {
    value.values += child->values;
    value.height = std::max(value.height, child->height + 1);
  }
}

Tree applied(const Override& change, std::size_t depth, const Tree& old, const Place& key);

Tree applied_to_list(const Override& change, std::size_t depth, Impl list) {
  const auto& step = change.steps[depth];
  const std::size_t count = list.children.size();
  if (!step.index) {
    change.fail(
        depth, fmt::format("'{}' is a list: say which element", change.path(depth)),
        count == 0 ? "the list is empty" : fmt::format("for example {}[0]; it has {}", change.path(depth), count));
  }
  if (*step.index >= count) {
    change.fail(depth, fmt::format("there is no element {} in '{}'", *step.index, change.path(depth)),
                count == 0 ? "the list is empty" : fmt::format("its {} elements are 0 to {}", count, count - 1));
  }
  auto& child = list.children[*step.index].second;
  child = applied(change, depth + 1, child, child->key);
  recount(list);
  return std::make_shared<const Impl>(std::move(list));
}

Tree applied_to_mapping(const Override& change, std::size_t depth, Impl mapping) {
  const auto& step = change.steps[depth];
  if (step.bracketed) {
    change.fail(depth, depth == 0 ? "the document is a mapping, not a list"
                                  : fmt::format("'{}' is not a list", change.path(depth)));
  }
  const auto found = std::find_if(mapping.children.begin(), mapping.children.end(),
                                  [&](const auto& child) { return child.first == step.key; });
  if (found != mapping.children.end()) {
    found->second = applied(change, depth + 1, found->second, found->second->key);
  } else {
    mapping.children.emplace_back(step.key, applied(change, depth + 1, nullptr, change.place(depth)));
  }
  recount(mapping);
  return std::make_shared<const Impl>(std::move(mapping));
}

/// The tree in place of `old` (null: nothing is there yet) once steps from `depth` on are taken.
Tree applied(const Override& change, std::size_t depth, const Tree& old, const Place& key) {
  if (depth == change.steps.size()) {
    Impl value = *change.value;
    value.key = change.place(depth - 1);
    return std::make_shared<const Impl>(std::move(value));
  }
  if (!old || old->kind == Kind::kNull) {
    if (change.steps[depth].bracketed) change.fail(depth, fmt::format("there is no list '{}'", change.path(depth)));
    Impl mapping;
    mapping.kind = Kind::kMapping;
    mapping.key = key;
    mapping.value = change.place(depth - 1);
    return applied_to_mapping(change, depth, std::move(mapping));
  }
  if (old->kind == Kind::kScalar) {
    change.fail(depth, fmt::format("'{}' is {}, which has no keys", change.path(depth), described(*old)),
                fmt::format("set the whole value: {}=...", change.path(depth)));
  }
  return old->kind == Kind::kSequence ? applied_to_list(change, depth, *old) : applied_to_mapping(change, depth, *old);
}

/// The value of the assignment, with positions in the assignment's own text.
Tree parse_value(const Source& source, std::size_t equals) {
  const std::string& text = source.text();
  const std::size_t first = text.find_first_not_of(" \t", equals + 1);
  Impl value;
  value.value = {&source, {0, static_cast<int>(first == std::string::npos ? equals + 1 : first)}};
  if (first == std::string::npos) return std::make_shared<const Impl>(value);
  if (text[first] == '#') {  // a comment to YAML, but nobody comments an argument
    value.kind = Kind::kScalar;
    value.text = text.substr(first);
    return std::make_shared<const Impl>(value);
  }
  std::string blanked(equals + 1, ' ');
  blanked += text.substr(equals + 1);
  return parse_yaml(source, blanked);
}

/// The '=' that ends the path: not one inside `["..."]`.
std::size_t end_of_path(std::string_view assignment) {
  bool quoted = false;
  for (std::size_t i = 0; i < assignment.size(); ++i) {
    if (assignment[i] == '=' && !quoted) return i;
    if (assignment[i] == '\\' && quoted) ++i;
    if (i < assignment.size() && assignment[i] == '"') quoted = !quoted && i > 0 && assignment[i - 1] == '[';
  }
  return std::string_view::npos;
}

std::vector<PathStep> parse_key(const Source& source, std::size_t equals) {
  try {
    return parse_path(std::string_view(source.text()).substr(0, equals));
  } catch (const PathError& error) {
    throw InputError(source.at({0, static_cast<int>(error.offset)}), "", error.message,
                     "write key=value, as in workload.request_rate=60");
  }
}

}  // namespace

void Document::set(const std::string& assignment) {
  auto owned = std::make_unique<Source>(kCommandLine, assignment);
  const Source& source = *owned;
  check_bytes(source);
  const std::size_t equals = end_of_path(source.text());
  if (equals == std::string::npos) {
    throw InputError(source.at({0, 0}), "", fmt::format("{} is not of the form key=value", in_quotes(assignment)),
                     "as in workload.request_rate=60");
  }
  const Override change{source, parse_key(source, equals), parse_value(source, equals)};
  if (static_cast<int>(change.steps.size()) + change.value->height > kMaxDepth) {
    change.fail(0, fmt::format("values are nested more than {} deep", kMaxDepth));
  }
  data_->root = applied(change, 0, data_->root, {});
  data_->sources.push_back(std::move(owned));
}

}  // namespace flotilla::reader
