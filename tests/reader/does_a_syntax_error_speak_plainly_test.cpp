// Does YAML that is no YAML get an error that names the cause in plain words, at the place where one would look?
#include <doctest/doctest.h>

#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;

TEST_CASE("a tab in the indentation") {
  CHECK(error_of("slo:\n\tttft: 1s\n") ==
        "s.yaml:2:1: a tab in the indentation\n"
        "\tttft: 1s\n"
        "^\n"
        "hint: YAML is indented with spaces: replace each tab by two spaces");
  CHECK(error_of("slo:\n  \tttft: 1s\n").find("s.yaml:2:3: a tab in the indentation\n  \tttft: 1s\n  ^") == 0);
}

TEST_CASE("JSON may be indented with tabs") {
  CHECK(read_scenario("{\n\t\"name\": \"x\",\n\t\"weights\": [\n\t\t1e-05\n\t]\n}\n").weights ==
        std::vector<double>{1e-5});
}

TEST_CASE("a bracket that is never closed is the place of the error") {
  CHECK(error_below("weights: [1, 2\nseed: 1\n") ==
        "s.yaml:2:10: not valid YAML: this '[' is not closed\n"
        "weights: [1, 2\n"
        "         ^\n"
        "hint: a ']' is missing, or a ',' before what follows");
  CHECK(error_below("slo: {ttft: 1s\n").find("s.yaml:2:6: not valid YAML: this '{' is not closed") == 0);
  CHECK(error_of("{name: x, weights: [\"]\", 2").find("s.yaml:1:1: not valid YAML: this '{' is not closed") == 0);
}

TEST_CASE("a bracket that was never opened") {
  CHECK(error_of("name: x\n]\n") ==
        "s.yaml:2:1: not valid YAML: a closing bracket without its opening one\n"
        "]\n"
        "^");
}

TEST_CASE("a quote that is never closed is the place of the error") {
  CHECK(error_of("name: x\nrouter: 'random\nseed: 1\n") ==
        "s.yaml:2:9: router: not valid YAML: a quote is opened and never closed\n"
        "router: 'random\n"
        "        ^");
  CHECK(error_of("name: x\nrouter: \"random\nseed: 1").find("s.yaml:2:9: ") == 0);
  CHECK(error_of("name: x # don't\nrouter: \"random\nseed: 1").find("s.yaml:2:9: ") == 0);
  CHECK(error_of("name: &a 'x").find("s.yaml:1:10: ") == 0);
}

TEST_CASE("quotes inside text need no partner") {
  CHECK(read_scenario("name: don't").name == "don't");
  CHECK(read_scenario("name: 'don''t'").name == "don't");
  CHECK(read_scenario("name: \"say \\\"yes\\\"\"").name == "say \"yes\"");
  CHECK(read_scenario("name: |\n  it's\n  \"raw\n").name == "it's\n\"raw\n");
}

TEST_CASE("a colon where no value can stand") {
  CHECK(error_of("name: a: b\n") ==
        "s.yaml:1:8: not valid YAML: a ':' where no value can stand\n"
        "name: a: b\n"
        "       ^\n"
        "hint: is the indentation right? text with ': ' in it needs quotes");
}

TEST_CASE("a missing colon in the line above is guessed") {
  CHECK(error_of("name: x\nseed 1\nrouter: random\n") ==
        "s.yaml:3:7: not valid YAML: a ':' where no value can stand\n"
        "router: random\n"
        "      ^\n"
        "hint: is a ': ' (with its blank) missing in line 2?");
  CHECK(error_of("name: x\nseed:1\n\n# why\nrouter: random\n")
            .find("s.yaml:2:1: not valid YAML: this does not fit into the mapping above") == 0);
}

TEST_CASE("an indentation that fits nowhere") {
  CHECK(error_of("slo:\n  ttft: 1s\n percentile: 9\n") ==
        "s.yaml:3:2: not valid YAML: this does not fit into the mapping above\n"
        " percentile: 9\n"
        " ^\n"
        "hint: is it indented as the keys around it are, and does it have a ': '?");
  CHECK(error_of("name: x\n- a\n").find("s.yaml:2:1: not valid YAML: this does not fit into the mapping above") == 0);
}

TEST_CASE("a list where none can start") {
  CHECK(error_of("weights: - 1\n") ==
        "s.yaml:1:10: not valid YAML: a '- ' where no list can start\n"
        "weights: - 1\n"
        "         ^\n"
        "hint: put the list on lines of its own, or write [a, b]");
}

TEST_CASE("a character that starts no value") {
  CHECK(error_of("name: @home\n") ==
        "s.yaml:1:7: not valid YAML: no value can start with this character\n"
        "name: @home\n"
        "      ^\n"
        "hint: put the text in quotes");
}

TEST_CASE("an alias without its anchor") {
  CHECK(error_of("name: *other\n") ==
        "s.yaml:1:7: not valid YAML: this alias (*name) has no value (&name) before it\n"
        "name: *other\n"
        "      ^\n"
        "hint: text that starts with '*' needs quotes");
}

TEST_CASE("a second document") {
  CHECK(error_of("---\nname: x\n---\nname: y\n") ==
        "s.yaml:3:1: a second document ('---') in one file\n"
        "---\n"
        "^\n"
        "hint: one file holds one document: split the file");
  CHECK(read_scenario("---\nname: x\n...\n").name == "x");
}

TEST_CASE("something behind the end of the document") {
  CHECK(error_of("- a\nname: x\n") ==
        "s.yaml:2:1: not valid YAML: this stands behind the end of the document\n"
        "name: x\n"
        "^\n"
        "hint: is it indented as the lines above, and not a list beside keys?");
}

TEST_CASE("merge keys are refused, and told what to do instead") {
  CHECK(error_of("base: &b {seed: 1}\n<<: *b\n") ==
        "s.yaml:2:1: merge keys ('<<') are not supported\n"
        "<<: *b\n"
        "^\n"
        "hint: write the keys out, or share a whole value: 'a: &name {...}' and 'b: *name'");
}

TEST_CASE("tags are refused") {
  CHECK(error_of("seed: !!int 5\n") ==
        "s.yaml:1:7: seed: YAML tags (!...) are not used here\n"
        "seed: !!int 5\n"
        "      ^\n"
        "hint: write the value without a tag, in quotes if it starts with '!'");
  CHECK(error_of("seed: ! 5\n").find("s.yaml:1:7: seed: YAML tags") == 0);
}

TEST_CASE("keys that are no text") {
  CHECK(error_of("? [a]\n: b\n").find("s.yaml:1:3: a key must be text") == 0);
  CHECK(error_of("{a: 1}: b\n").find("s.yaml:1:1: a key must be text") == 0);
  CHECK(error_of("null: b\n").find("s.yaml:1:1: a key must be text") == 0);
  CHECK(error_of(": b\n") == "s.yaml:1:1: a key is missing here\n: b\n^");
}

TEST_CASE("an unknown escape") {
  CHECK(error_of("name: \"\\q\"\n").find("s.yaml:1:10: not valid YAML: unknown escape character: q") == 0);
}

TEST_CASE("nothing in a file") {
  CHECK(error_of("") == "s.yaml: the file is empty");
  CHECK(error_of("# only\n\n  # comments\n") == "s.yaml: the file holds nothing but comments and blanks");
  CHECK(error_of("---\n") == "s.yaml: the file holds nothing but comments and blanks");
  CHECK(error_of("~").find("s.yaml:1:1: a mapping (key: value) is expected, nothing is given") == 0);
}

TEST_CASE("a file that is not a mapping") {
  CHECK(error_of("[a, b]").find("s.yaml:1:1: a mapping (key: value) is expected, a list is given") == 0);
  CHECK(error_of("hello").find("s.yaml:1:1: a mapping (key: value) is expected, 'hello' is given") == 0);
}

TEST_CASE("bytes that are not text") {
  CHECK(error_of(std::string("name: \0x", 8)) ==
        "s.yaml:1:7: byte 0x00 is not text\n"
        "name: ?x\n"
        "      ^\n"
        "hint: this looks like a binary file or UTF-16; a YAML file in UTF-8 is expected");
  CHECK(error_of("\x7f"
                 "ELF")
            .find("hint: this looks like a binary file or UTF-16") != std::string::npos);
  CHECK(error_of("\xff\xfe"
                 "n")
            .find("s.yaml:1:1: byte 0xff is not valid UTF-8") == 0);
  CHECK(error_of("name: a\x1b").find("hint: a control character: remove it") != std::string::npos);
}

TEST_CASE("text that is not UTF-8") {
  for (const std::string bad :
       {"\xe4", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf5\x80\x80\x80", "\x80"}) {
    CAPTURE(bad);
    const std::string error = error_of("name: x\nrouter: \xc3\xa9" + bad + "\n");
    CHECK(error.find("s.yaml:2:10: byte 0x") == 0);
    CHECK(error.find("is not valid UTF-8\nrouter: \xc3\xa9?") != std::string::npos);
    CHECK(error.find("hint: save the file as UTF-8") != std::string::npos);
  }
}

TEST_CASE("Windows line ends and a byte order mark change nothing") {
  CHECK(read_scenario("\xef\xbb\xbfname: x\r\nseed: 5\r\n").seed == 5);
  CHECK(error_of("\xef\xbb\xbfname: x\r\nseed: 8O\r\n")
            .find("s.yaml:2:7: seed: '8O' is not an integer\nseed: 8O\n      ^") == 0);
}
