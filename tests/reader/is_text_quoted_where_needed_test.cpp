// Is text written plain where every YAML reader takes it for text, and quoted where one might not?
#include <doctest/doctest.h>

#include "scenarios/reader/written.hpp"

using flotilla::reader::quoted_if_needed;

TEST_CASE("names and paths stay plain") {
  for (const std::string text :
       {"vllm", "h100-sxm", "b200-hgx@a1", "llama-3.3-70b", "models/my config.json", "./file.yaml", "a", "_x",
        "/abs/path", "8xH100", "1.2.x", "tensorrt-llm", "a (b)", "x=y"}) {
    CAPTURE(text);
    CHECK(quoted_if_needed(text) == text);
  }
}

TEST_CASE("what some reader takes for a number, a boolean, a date or nothing is quoted") {
  for (const std::string text : {"80",         "1e6",   "1_000", "-5",    "+5",   ".5",  "5.",   "0x1F", "0o17", "0b1",
                                 "2024-01-01", "1.2.3", "true",  "False", "yes",  "NO",  "on",   "Off",  "y",    "N",
                                 "null",       "Null",  "~",     "inf",   ".inf", "nan", ".NaN", "1:30"}) {
    CAPTURE(text);
    CHECK(quoted_if_needed(text) == "\"" + text + "\"");
  }
}

TEST_CASE("what YAML's grammar would take apart is quoted") {
  for (const std::string text :
       {"",   " a", "a ", "a: b", "a #b", "#a", "- a", "-a", "? a", "[a",  "{a", "a]", "a,b", "*a",
        "&a", "!a", "|",  ">",    "%a",   "@a", "`a",  "'a", "...", "---", "<<", "=",  "a:b", "é"}) {
    CAPTURE(text);
    CHECK(quoted_if_needed(text) == "\"" + text + "\"");
  }
}

TEST_CASE("what quotes cannot hold is escaped") {
  CHECK(quoted_if_needed("a\"b") == "\"a\\\"b\"");
  CHECK(quoted_if_needed("a\\b") == "\"a\\\\b\"");
  CHECK(quoted_if_needed("a\nb\tc") == "\"a\\nb\\tc\"");
  CHECK(quoted_if_needed("\r\x1b\x7f") == "\"\\x0d\\x1b\\x7f\"");
}
