// CTest runs each case by its name, through CMake, where a semicolon ends a word: a case with one in its name would be
// looked for by the first half of it, not be found, and pass.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("no test's name has a sign in it that CMake would split it at") {
  const std::regex name(R"(TEST_CASE\(\s*"((?:[^"\\]|\\.)*)\")");
  int cases = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(FLOTILLA_SOURCE_DIR) / "tests")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = text_of(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), name), end; match != end; ++match) {
      CAPTURE(entry.path().string());
      const std::string found = (*match)[1];
      CAPTURE(found);
      CHECK(found.find_first_of(";\\[]") == std::string::npos);
      ++cases;
    }
  }
  CHECK(cases > 900);
}

TEST_CASE("no file of the house is longer than 400 lines") {
  for (const char* const room : {"scenarios", "models", "topologies", "sim", "analysis", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(FLOTILLA_SOURCE_DIR) / room)) {
      const auto ending = entry.path().extension();
      if ((ending != ".cpp" && ending != ".hpp") || entry.path().string().find("node_modules") != std::string::npos)
        continue;
      const std::string text = text_of(entry.path());
      CAPTURE(entry.path().string());
      CHECK(std::count(text.begin(), text.end(), '\n') <= 400);
    }
  }
}
