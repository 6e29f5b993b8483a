#include <charconv>
#include <cstring>

#include "sim/workload/rng.hpp"
#include "sim/workload/trace/row_parser.hpp"

namespace flotilla::sim {
namespace {

/// A JSON value as it stands in the line.
struct JsonValue {
  std::string_view text;  ///< without quotes; a list or an object as a whole
  char kind = 0;          ///< '"', '[', '{', or 'a' for numbers and words
};

/// Reads JSON in place, without building anything. Every member returns false at the first slip; position() says where.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view line) : begin_(line.data()), p_(begin_), end_(begin_ + line.size()) {}

  [[nodiscard]] int position() const { return static_cast<int>(p_ - begin_) + 1; }
  [[nodiscard]] bool at_end() {
    skip_blanks();
    return p_ == end_;
  }
  [[nodiscard]] char peek() {
    skip_blanks();
    return p_ == end_ ? '\0' : *p_;
  }
  bool take(char c) {
    if (peek() != c || p_ == end_) return false;
    ++p_;
    return true;
  }

  bool take_string(std::string_view& text) {
    if (!take('"')) return false;
    const char* const start = p_;
    while (p_ != end_ && *p_ != '"') p_ += *p_ == '\\' && p_ + 1 != end_ ? 2 : 1;
    if (p_ == end_) return false;
    text = {start, static_cast<std::size_t>(p_ - start)};
    ++p_;
    return true;
  }

  bool take_value(JsonValue& value) {
    const char first = peek();
    if (first == '"') {
      value.kind = '"';
      return take_string(value.text);
    }
    const char* const start = p_;
    if (first == '[' || first == '{') {
      value.kind = first;
      if (!skip_nested()) return false;
    } else {
      value.kind = 'a';
      while (p_ != end_ && std::strchr(",]} \t", *p_) == nullptr) ++p_;
      if (p_ == start) return false;
    }
    value.text = {start, static_cast<std::size_t>(p_ - start)};
    return true;
  }

  /// The elements of a list: numbers as they are, texts by their hash. `null` is an empty list.
  bool take_hash_ids(std::vector<std::uint64_t>& ids) {
    ids.clear();
    JsonValue value;
    if (!take('[')) return take_value(value) && value.text == "null";
    if (take(']')) return true;
    do {
      skip_blanks();
      std::uint64_t id = 0;
      const auto [after, error] = std::from_chars(p_, end_, id);
      if (error == std::errc{}) {
        p_ = after;
      } else {
        if (!take_value(value) || value.kind != '"') return false;
        id = hash_text(value.text);
      }
      ids.push_back(id);
    } while (take(','));
    return take(']');
  }

 private:
  void skip_blanks() {
    while (p_ != end_ && (*p_ == ' ' || *p_ == '\t')) ++p_;
  }

  /// From an opening bracket past the closing one. Brackets are counted, not matched: what they hold is of no interest.
  bool skip_nested() {
    int depth = 0;
    std::string_view text;
    while (p_ != end_) {
      if (*p_ == '"') {
        if (!take_string(text)) return false;
        continue;
      }
      if (*p_ == '[' || *p_ == '{') ++depth;
      if (*p_ == ']' || *p_ == '}') --depth;
      ++p_;
      if (depth == 0) return true;
    }
    return false;
  }

  const char* begin_;
  const char* p_;
  const char* end_;
};

class JsonlParser final : public RowParser {
 public:
  JsonlParser(const FieldNames& names, const DecodeOptions& options) : options_(options) {
    for (std::size_t f = 0; f < kFields; ++f) {
      for (std::size_t rank = 0; rank < names[f].size(); ++rank) keys_.push_back({names[f][rank], f, rank});
    }
  }

  bool parse(std::string_view line, TraceRow& row, LineError& error) override {
    FieldTexts texts;
    row.hash_ids.clear();
    JsonCursor cursor(line);
    const char* const problem = read_object(cursor, texts, row);
    if (problem == nullptr) return decode(texts, line, options_, row, error);
    error.column = cursor.position();
    error.reason = problem;
    return false;
  }

 private:
  struct Key {
    std::string name;
    std::size_t field;
    std::size_t rank;  ///< among the names of its field
  };

  const char* read_object(JsonCursor& cursor, FieldTexts& texts, TraceRow& row) const {
    if (!cursor.take('{')) return "a JSON object should begin here";
    PerField<std::size_t> ranks;
    ranks.fill(SIZE_MAX);
    std::string_view name;
    JsonValue value;
    if (!cursor.take('}')) {
      do {
        if (!cursor.take_string(name)) return "a key in quotes should stand here";
        if (!cursor.take(':')) return "a ':' should stand here";
        const Key* const key = find(name);
        if (key == nullptr || key->rank >= ranks[key->field]) {
          if (!cursor.take_value(value)) return kCut;
        } else if (key->field == index(Field::kHashIds)) {
          if (!cursor.take_hash_ids(row.hash_ids)) return "hash_ids should be a list of numbers";
          ranks[key->field] = key->rank;
        } else {
          if (!cursor.take_value(value)) return kCut;
          if (value.kind == '[' || value.kind == '{') return "a single value should stand here";
          texts[key->field] = value.text;
          ranks[key->field] = key->rank;
        }
      } while (cursor.take(','));
      if (!cursor.take('}')) return kCut;
    }
    return cursor.at_end() ? nullptr : "something follows the JSON object";
  }

  [[nodiscard]] const Key* find(std::string_view name) const {
    for (const Key& key : keys_) {
      if (key.name == name) return &key;
    }
    return nullptr;
  }

  static constexpr const char* kCut = "the JSON object is broken or cut off here";
  DecodeOptions options_;
  std::vector<Key> keys_;
};

}  // namespace

std::unique_ptr<RowParser> make_jsonl_parser(const FieldNames& names, const DecodeOptions& options) {
  return std::make_unique<JsonlParser>(names, options);
}

std::vector<std::pair<std::string_view, std::string_view>> split_json(std::string_view line) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  JsonCursor cursor(line);
  if (!cursor.take('{') || cursor.peek() == '}') return pairs;
  do {
    std::string_view name;
    JsonValue value;
    if (!cursor.take_string(name) || !cursor.take(':')) return pairs;
    const std::size_t start = static_cast<std::size_t>(cursor.position()) - 1;
    const bool whole = cursor.take_value(value);
    pairs.emplace_back(name, whole ? value.text : line.substr(start));
    if (!whole) return pairs;
  } while (cursor.take(','));
  return pairs;
}

}  // namespace flotilla::sim
