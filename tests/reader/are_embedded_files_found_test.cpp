// Are files that travel in the binary found by their path, and their folder listed?
#include <doctest/doctest.h>

#include "scenarios/reader/embedded.hpp"
#include "tests/reader/fleet_fixture.hpp"

using flotilla::reader::embedded_file;
using flotilla::reader::embedded_names;
using flotilla::reader::EmbeddedFiles;

namespace {

const EmbeddedFiles kFiles({{"cat/gpus/h100-sxm.yaml", "name: h100\n"},
                            {"cat/gpus/h100.yaml", "name: plain\n"},
                            {"cat/gpus/old/a100.yaml", "name: old\n"},
                            {"cat/gpus/readme.txt", "text"},
                            {"cat/gpus-more/x.yaml", "name: x\n"}});

}  // namespace

TEST_CASE("a file is found by its path") {
  CHECK(embedded_file("cat/gpus/h100-sxm.yaml") == "name: h100\n");
  CHECK_FALSE(embedded_file("cat/gpus/h100-sxm").has_value());
  CHECK_FALSE(embedded_file("cat/gpus").has_value());
}

TEST_CASE("a folder lists the stems of its YAML files, sorted, and nothing deeper") {
  CHECK(embedded_names("cat/gpus") == std::vector<std::string>{"h100", "h100-sxm"});
  CHECK(embedded_names("cat/gpus/") == std::vector<std::string>{"h100", "h100-sxm"});
  CHECK(embedded_names("cat/gpus/old") == std::vector<std::string>{"a100"});
  CHECK(embedded_names("cat").empty());
  CHECK(embedded_names("").empty());
}

TEST_CASE("an error in an embedded file names it") {
  const std::string path = "cat/gpus/h100-sxm.yaml";
  const auto doc = fixture::Document::from_text(std::string(*embedded_file(path)), path);
  CHECK(fixture::error_from([&] { doc.root().at("name").fail("wrong"); }) ==
        "cat/gpus/h100-sxm.yaml:1:7: name: wrong\nname: h100\n      ^");
}
