#include "scenarios/reader/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "scenarios/reader/plain_text.hpp"

namespace flotilla {
namespace {

constexpr std::size_t kShownColumns = 100;  // of a long source line, around the caret
constexpr std::size_t kColumnsBefore = 60;

/// Start of each character (not byte) of UTF-8 text, and one past the end.
std::vector<std::size_t> character_starts(const std::string& text) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<std::uint8_t>(text[i]) & 0xC0) != 0x80) starts.push_back(i);
  }
  starts.push_back(text.size());
  return starts;
}

/// The source line and, below it, a caret under the column. Tabs stay tabs, so that the caret stands right in any
/// terminal.
std::string excerpt(const SourceLocation& where) {
  const auto starts = character_starts(where.source_line);
  const std::size_t length = starts.size() - 1;
  const std::size_t caret = std::min(length, static_cast<std::size_t>(std::max(1, where.column)) - 1);
  const std::size_t first = length <= kShownColumns || caret <= kColumnsBefore ? 0 : caret - kColumnsBefore;
  const std::size_t last = std::min(length, first + kShownColumns);

  std::string shown = where.source_line.substr(starts[first], starts[last] - starts[first]);
  if (last < length) shown += "...";
  std::string below;
  for (std::size_t i = first; i < caret; ++i) below += where.source_line[starts[i]] == '\t' ? '\t' : ' ';
  const char* const cut = first > 0 ? "..." : "";
  const char* const cut_blank = first > 0 ? "   " : "";
  return fmt::format("\n{}{}\n{}{}^", cut, shown, cut_blank, below);
}

std::string render(const SourceLocation& where, const std::string& path, const std::string& message,
                   const std::string& hint) {
  std::string text;
  if (!where.file.empty()) text += where.file + ":";
  if (where.line > 0) text += fmt::format("{}:", where.line);
  if (where.line > 0 && where.column > 0) text += fmt::format("{}:", where.column);
  if (!text.empty()) text += " ";
  if (!path.empty()) text += reader::without_control_characters(path, "") + ": ";  // keys may be anything
  text += message;
  if (where.line > 0 && where.column > 0 && !where.source_line.empty()) text += excerpt(where);
  if (!hint.empty()) text += "\nhint: " + hint;
  return text;
}

}  // namespace

InputError::InputError(SourceLocation where, std::string path, std::string message, std::string hint)
    : std::runtime_error(render(where, path, message, hint)),
      where_(std::move(where)),
      path_(std::move(path)),
      message_(std::move(message)),
      hint_(std::move(hint)) {}

}  // namespace flotilla
