// No function is longer than 70 lines. Tables are no functions.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Lines = std::vector<std::string>;

struct Function {
  std::size_t line = 0;  ///< of its name; from 1
  std::size_t lines = 0;
};

Lines lines_of(const fs::path& path) {
  Lines lines;
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool begins_at(const std::string& line, std::size_t indent) {
  return line.size() > indent && line.find_first_not_of(' ') == indent;
}

/// Where a body ends that is set in so far, as clang-format writes it.
bool closes(const std::string& line, std::size_t indent) {
  return begins_at(line, indent) && (line.substr(indent) == "}" || line.substr(indent).starts_with("} "));
}

/// As clang-format lays them out: from the line that stands as far left as the closing bracket. What has no parenthesis
/// there is a class, a namespace or a table.
std::vector<Function> functions_in(const Lines& lines) {
  std::vector<Function> found;
  for (const std::size_t indent : {0U, 2U}) {
    std::size_t header = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!closes(lines[i], indent)) {
        const bool code = begins_at(lines[i], indent) && lines[i][indent] != '#' && lines[i][indent] != '/';
        if (code) header = i;
        continue;
      }
      const std::string& name = lines[header];
      const bool function = name.find('(') != std::string::npos && name.find(" = {") == std::string::npos;
      if (function) found.push_back({header + 1, i - header + 1});
    }
  }
  return found;
}

}  // namespace

TEST_CASE("no function of the house is longer than 70 lines") {
  constexpr std::size_t kMost = 70;
  std::size_t functions = 0;
  for (const char* const room : {"scenarios", "models", "topologies", "sim", "analysis", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(FLOTILLA_SOURCE_DIR) / room)) {
      const auto ending = entry.path().extension();
      if ((ending != ".cpp" && ending != ".hpp") || entry.path().string().find("node_modules") != std::string::npos)
        continue;
      for (const Function& function : functions_in(lines_of(entry.path()))) {
        ++functions;
        CHECK_MESSAGE(function.lines <= kMost, entry.path().string(), ":", function.line, " has ", function.lines,
                      " lines");
      }
    }
  }
  CHECK(functions > 3000);
}

TEST_CASE("functions are found, members too, and their lines counted, and classes and tables are none") {
  const Lines text{"namespace a {",
                   "template <class T>",
                   "int free(int x,",
                   "         int y) {",
                   "  if (x) {",
                   "    return y;",
                   "  }",
                   "  return 0;",
                   "}",
                   "class C {",
                   " public:",
                   "  C()",
                   "      : x_(1) {",
                   "    x_ = 2;",
                   "  }",
                   "};",
                   "const int kTable[] = {",
                   "    f(1),",
                   "};",
                   "}  // namespace a"};
  std::vector<Function> long_ones;
  for (const Function& each : functions_in(text)) {
    if (each.lines > 3) long_ones.push_back(each);
  }
  REQUIRE(long_ones.size() == 2);
  CHECK(long_ones[0].line == 3);
  CHECK(long_ones[0].lines == 7);
  CHECK(long_ones[1].line == 12);
  CHECK(long_ones[1].lines == 4);
}
