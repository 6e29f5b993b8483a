#include "models/json_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "scenarios/reader/path.hpp"

namespace flotilla::models {
namespace {

namespace fs = std::filesystem;

SourceLocation whole_file(const std::string& path) {
  SourceLocation where;
  where.file = path;
  return where;
}

/// nlohmann's text without its prefix: "[json.exception.parse_error.101] parse error at line 3, column 5: ...".
std::string reason(const std::string& what) {
  const auto colon = what.find(": ");
  return colon == std::string::npos ? what : what.substr(colon + 2);
}

/// What Python's json module writes for figures that are none, though JSON has no word for them; else "".
std::string_view python_number_at(std::string_view text, std::size_t offset) {
  for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
    const auto begin = word.front() == '-' && offset > 0 ? offset - 1 : offset;
    if (text.substr(std::min(begin, text.size())).starts_with(word)) return word;
  }
  return {};
}

/// Where brackets are nested deeper than any file needs and recursion likes; npos where they never are.
std::size_t too_deep(std::string_view text) {
  constexpr int kDeepest = 64;
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepest) return at;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return std::string_view::npos;
}

/// Finds its way in text that is known to be JSON.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) { skip_blanks(); }

  [[nodiscard]] std::size_t position() const { return at_; }

  /// Into the element or to the value of the key. False, and as before, where there is none.
  bool step(const reader::PathStep& step) {
    const Walk before = *this;
    const char open = text_[at_];
    if ((open != '{' && open != '[') || (open == '[' && !step.index)) return false;
    ++at_;
    for (std::size_t i = 0; skip_blanks(), at_ < text_.size() && text_[at_] != '}' && text_[at_] != ']'; ++i) {
      bool here = open == '[' && i == *step.index;
      if (open == '{') {
        const std::size_t key = at_;
        skip_value();
        here = nlohmann::json::parse(text_.substr(key, at_ - key)).get<std::string>() == step.key;
        skip_blanks();
        ++at_;  // the colon
        skip_blanks();
      }
      if (here) return true;
      skip_value();
      skip_blanks();
      if (at_ < text_.size() && text_[at_] == ',') ++at_;
    }
    *this = before;
    return false;
  }

 private:
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) at_ += text_[at_] == '\\' ? 1 : 0;
    ++at_;
  }

  void skip_value() {
    int depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[' || c == '}' || c == ']') {
        depth += c == '{' || c == '[' ? 1 : -1;
        ++at_;
      } else {
        at_ = std::min(text_.find_first_of(depth == 0 ? ",]} \t\r\n" : "\"{}[]", at_ + 1), text_.size());
      }
    } while (depth > 0 && at_ < text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string read_json_text(const std::string& path, const JsonKind& kind) {
  const auto file = whole_file(path);
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) throw InputError(file, "", "no such file");
  if (!fs::is_regular_file(status)) throw InputError(file, "", "not a regular file");
  if (fs::file_size(path, error) > kind.largest_mb * 1'000'000)
    throw InputError(file, "", fmt::format("larger than {} MB: not {}", kind.largest_mb, kind.what));
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(file, "", "cannot be read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

JsonSource JsonSource::load(const std::string& path, const JsonKind& kind) {
  return {read_json_text(path, kind), path, kind};
}

JsonSource::JsonSource(std::string text, std::string file, const JsonKind& kind)
    : text_(std::move(text)), file_(std::move(file)) {
  if (const std::size_t deep = too_deep(text_); deep != std::string_view::npos)
    throw InputError(at_offset(deep), "", "nested more than 64 deep", std::string(kind.what) + " is expected");
  try {
    root_ = nlohmann::json::parse(text_);
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t offset = error.byte == 0 ? 0 : error.byte - 1;
    const auto word = python_number_at(text_, offset);
    throw InputError(at_offset(offset), "",
                     word.empty() ? "malformed JSON: " + reason(error.what())
                                  : fmt::format("malformed JSON: {} is not a number", word),
                     word.empty() ? "" : "Python writes it for a figure that could not be reckoned");
  } catch (const nlohmann::json::exception& error) {
    throw InputError(whole_file(file_), "", "malformed JSON: " + reason(error.what()));
  }
  if (!root_.is_object()) throw InputError(at_offset(0), "", "a JSON object is expected", std::string(kind.what));
}

SourceLocation JsonSource::at_offset(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto begin = offset == 0 ? std::string::npos : text_.rfind('\n', offset - 1);
  const auto start = begin == std::string::npos ? 0 : begin + 1;
  const auto end = std::min(text_.find('\n', start), text_.size());
  auto where = whole_file(file_);
  where.line =
      1 + static_cast<int>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(start), '\n'));
  where.column = 1 + static_cast<int>(offset - start);
  where.source_line = text_.substr(start, end - start);
  return where;
}

void JsonSource::fail(std::string_view key, const std::string& message, const std::string& hint) const {
  const auto quoted = fmt::format("\"{}\"", key);
  for (auto found = text_.find(quoted); found != std::string::npos; found = text_.find(quoted, found + 1)) {
    const auto after = text_.find_first_not_of(" \t\r\n", found + quoted.size());
    if (after != std::string::npos && text_[after] == ':')
      throw InputError(at_offset(found), std::string(key), message, hint);
  }
  throw InputError(whole_file(file_), std::string(key), message, hint);
}

void JsonSource::fail_at(const std::string& path, const std::string& message, const std::string& hint) const {
  Walk walk(text_);
  if (!path.empty()) {
    for (const auto& step : reader::parse_path(path)) {
      if (!walk.step(step)) break;
    }
  }
  throw InputError(at_offset(walk.position()), path, message, hint);
}

}  // namespace flotilla::models
