// From yaml-cpp's events to the tree. The events carry the position of every key and value, which yaml-cpp's own nodes
// do not.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "scenarios/reader/path.hpp"
#include "scenarios/reader/syntax.hpp"
#include "scenarios/reader/tree.hpp"

namespace flotilla::reader {
namespace {

using Impl = Node::Impl;

/// Whether text starts with a null that is spelled out, and is not a key.
bool is_written_null(std::string_view text) {
  std::size_t length = 0;
  for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
    if (text.substr(0, word.size()) == word) length = word.size();
  }
  const std::size_t next = text.find_first_not_of(" \t", length);
  return length > 0 && (next == std::string_view::npos || text[next] != ':');
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const Source& source, Position start) : source_(source), last_event_(start) {}

  [[nodiscard]] Tree root() const { return root_; }
  [[nodiscard]] Position last_event() const { return last_event_; }
  /// Where the innermost list or mapping that is still open begins.
  [[nodiscard]] std::optional<Position> innermost() const {
    return frames_.empty() ? std::nullopt : std::optional(frames_.back().value.value.position);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) fail_second_document(source_, place(mark).position);
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Impl value;
    value.value = place_of_null(mark);
    add(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(place(mark).position, "an alias inside the value that it stands for");
    Impl value = *found->second;
    aliased_ += value.values;
    if (aliased_ > kMaxAliasedValues) {
      fail(place(mark).position, fmt::format("aliases expand to more than {} values", kMaxAliasedValues),
           "aliases of aliases multiply: write the values out, or fewer of them");
    }
    if (static_cast<int>(frames_.size()) + value.height > kMaxDepth) fail_depth(place(mark).position);
    alias_place_ = place(mark);
    add(std::move(value), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    last_event_ = place(mark).position;
    refuse_tag(mark, tag);
    if (tag == "!") check_quotes(source_, last_event_, path());
    Impl value;
    value.kind = Kind::kScalar;
    value.quoted = tag == "!";
    value.text = text;
    value.value = place(mark);
    add(std::move(value), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(Kind::kSequence, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(Kind::kMapping, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

 private:
  struct Frame {
    Impl value;
    YAML::anchor_t anchor = 0;
    bool expects_value = false;  ///< of a mapping: the key is read
    std::string key;
    Place key_place;
    std::unordered_map<std::string, int> lines;  ///< key -> line where it was given
  };

  [[nodiscard]] Place place(const YAML::Mark& mark) const { return {&source_, {mark.line, mark.column}}; }

  /// A value that is not written at all stands, for people, behind its key.
  [[nodiscard]] Place place_of_null(const YAML::Mark& mark) const {
    const Place here = place(mark);
    if (is_written_null(source_.rest(here.position)) || frames_.empty() || !frames_.back().expects_value) return here;
    return frames_.back().key_place;
  }

  [[noreturn]] void fail(Position position, const std::string& message, const std::string& hint = {}) const {
    throw InputError(source_.at(position), path(), message, hint);
  }
  [[noreturn]] void fail_depth(Position position) const {
    fail(position, fmt::format("values are nested more than {} deep", kMaxDepth));
  }

  [[nodiscard]] std::string path() const {
    std::string text;
    for (const auto& frame : frames_) {
      if (frame.value.kind == Kind::kSequence) text = child_path(text, frame.value.children.size());
      if (frame.value.kind == Kind::kMapping && frame.expects_value) text = child_path(text, frame.key);
    }
    return text;
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || (tag == "!" && source_.rest(place(mark).position).substr(0, 1) != "!")) return;
    fail(place(mark).position, "YAML tags (!...) are not used here",
         "write the value without a tag, in quotes if it starts with '!'");
  }

  void start(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    last_event_ = place(mark).position;
    refuse_tag(mark, tag);
    if (kind_of_key()) fail_key(source_, last_event_, path());
    if (static_cast<int>(frames_.size()) >= kMaxDepth) fail_depth(place(mark).position);
    Frame frame;
    frame.value.kind = kind;
    frame.value.value = place(mark);
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }

  void end() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    add(std::move(frame.value), frame.anchor);
  }

  [[nodiscard]] bool kind_of_key() const {
    return !frames_.empty() && frames_.back().value.kind == Kind::kMapping && !frames_.back().expects_value;
  }

  void add(Impl value, YAML::anchor_t anchor) {
    if (++values_ + aliased_ > kMaxValues) {
      fail(value.value.position, fmt::format("more than {} values", kMaxValues),
           "large data belongs in a file of its own (CSV, JSONL)");
    }
    if (kind_of_key()) {
      take_key(value, anchor);
      return;
    }
    Frame* frame = frames_.empty() ? nullptr : &frames_.back();
    const bool has_key = frame != nullptr && frame->value.kind == Kind::kMapping;
    value.key = has_key ? frame->key_place : alias_place_.source != nullptr ? alias_place_ : value.value;
    alias_place_ = {};
    auto shared = std::make_shared<const Impl>(std::move(value));
    if (anchor != 0) anchors_[anchor] = shared;
    if (frame == nullptr) {
      root_ = shared;
      return;
    }
    frame->value.values += shared->values;
    frame->value.height = std::max(frame->value.height, shared->height + 1);
    frame->value.children.emplace_back(has_key ? frame->key : "", std::move(shared));
    frame->expects_value = false;
  }

  void take_key(const Impl& value, YAML::anchor_t anchor) {
    const Position position = alias_place_.source != nullptr ? alias_place_.position : value.value.position;
    alias_place_ = {};
    if (value.kind != Kind::kScalar) fail_key(source_, position, path());
    if (value.text == "<<" && !value.quoted) {
      fail(position, "merge keys ('<<') are not supported",
           "write the keys out, or share a whole value: 'a: &name {...}' and 'b: *name'");
    }
    Frame& frame = frames_.back();
    const auto [earlier, is_new] = frame.lines.emplace(value.text, position.line + 1);
    if (!is_new) {
      frame.key = value.text;
      frame.expects_value = true;
      fail(position, fmt::format("the key {} is given twice", in_quotes(value.text)),
           fmt::format("it was first given in line {}", earlier->second));
    }
    if (anchor != 0) anchors_[anchor] = std::make_shared<const Impl>(value);
    frame.key = value.text;
    frame.key_place = {&source_, position};
    frame.expects_value = true;
  }

  const Source& source_;
  Tree root_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Tree> anchors_;
  Place alias_place_;
  Position last_event_;
  std::size_t values_ = 0;
  std::size_t aliased_ = 0;
  int documents_ = 0;
};

}  // namespace

Tree parse_yaml(const Source& source, const std::string& text) {
  const std::size_t first = std::min(text.find_first_not_of(" \n"), text.size());
  TreeBuilder builder(source, source.advanced({}, first));
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    fail_syntax(source, {error.msg, {error.mark.line, error.mark.column}, builder.last_event(), builder.innermost()});
  }
  return builder.root() ? builder.root() : std::make_shared<const Impl>();
}

}  // namespace flotilla::reader
