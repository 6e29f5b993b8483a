// Which characters of a file's text are commands to a terminal, ends of lines or turns of the writing direction, and
// which are text however far they lie from English.
#include <doctest/doctest.h>

#include "scenarios/reader/plain_text.hpp"

using namespace flotilla;
using namespace flotilla::reader;

namespace {

std::string refused(const std::string& yaml) {
  try {
    refuse_control_characters(Document::from_text(yaml, "own.yaml").root());
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("controls of one byte and of two, separators and overrides are found, each with its bytes") {
  CHECK(control_character_at("a\x1b[31m", 1) == 1);
  CHECK(control_character_at("\n", 0) == 1);
  CHECK(control_character_at(std::string_view("\0", 1), 0) == 1);
  CHECK(control_character_at("\x7f", 0) == 1);
  CHECK(control_character_at("\xc2\x9b", 0) == 2);      // U+009B, which a terminal takes for ESC [
  CHECK(control_character_at("\xc2\x80", 0) == 2);      // U+0080
  CHECK(control_character_at("\xe2\x80\xa8", 0) == 3);  // U+2028, a line separator
  CHECK(control_character_at("\xe2\x80\xae", 0) == 3);  // U+202E, right to left from here
  CHECK(control_character_at("\xe2\x81\xa9", 0) == 3);  // U+2069
}

TEST_CASE("text of any language, with dashes, quotes and pictures, is text") {
  // No-break space, a dash, an ellipsis, CJK, Arabic, an emoji with a joiner.
  for (const char* const text : {"\xc2\xa0", "Zürich", "a – b…", "北京", "مرحبا", "👩‍🔬", "", "\xe2", "\xc2"}) {
    CAPTURE(text);
    CHECK_FALSE(has_control_characters(text));
    CHECK(without_control_characters(text, "") == text);
  }
}

TEST_CASE("in a message they are shown by their bytes, but for those that are kept") {
  CHECK(without_control_characters("a\x1b[0m\nb\tc\xc2\x9b", "\n\t") == "a\\x1b[0m\nb\tc\\xc2\\x9b");
  CHECK(without_control_characters("\xe2\x80\xae.", "") == "\\xe2\\x80\\xae.");
}

TEST_CASE("they are refused wherever text stands, in keys, too, at its place") {
  CHECK(refused("a: {b: [x, \"y\\e\"]}")
            .starts_with("own.yaml:1:12: a.b[1]: a control character or a line end in 'y\\x1b'"));
  CHECK(refused("a:\n  \"k\\n\": 1").starts_with("own.yaml:2:3: a: a control character or a line end in 'k\\n'"));
  CHECK(refused("a: |\n  two\n  lines\n") != "");
  CHECK(refused("a: >-\n  one\n  line\nb: 1\n") == "");
}
