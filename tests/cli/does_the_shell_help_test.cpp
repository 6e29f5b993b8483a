// The completion and the manual page come from the commands' own definitions, and work where they are used.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;

namespace {

/// What bash offers for the last of `words`, which is broken at `=` as bash does.
std::vector<std::string> offered(const Folder& folder, const std::vector<std::string>& words) {
  std::string script = "source ./completion || exit 1; COMP_WORDS=(flotilla";
  for (const std::string& word : words) script += " '" + word + "'";
  script += "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _flotilla; printf '%s\\n' \"${COMPREPLY[@]}\"";
  const Outcome outcome = program({"bash", "-u", "-c", script}, {.directory = folder.path()});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(outcome.err == "");
  std::vector<std::string> all;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) all.push_back(line);
  }
  return all;
}

using Words = std::vector<std::string>;

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("bash completes commands, options, and what they take") {
  const Folder folder;
  const Outcome printed = command({"completion", "bash"});
  REQUIRE_MESSAGE(printed.code == 0, printed.err);
  folder.write("completion", printed.out);
  CHECK(offered(folder, {"ru"}) == Words{"run"});
  CHECK(offered(folder, {"run", "x.yaml", "--save"}) == Words{"--save-detailed"});
  CHECK(offered(folder, {"run", "x.yaml", "--elastic"}) == Words{"--elasticities"});
  CHECK(has(offered(folder, {"sweep", "-"}), "-o"));
  CHECK(offered(folder, {"bounds", "--model", "llama-3.3"}) == Words{"llama-3.3-70b"});
  CHECK(has(offered(folder, {"bounds", "--gpu", ""}), "h100-sxm"));
  CHECK(offered(folder, {"size", "--least", "w"}) == Words{"watts"});
  CHECK(offered(folder, {"list", "mod"}) == Words{"models"});
  CHECK(offered(folder, {"show", "x"}).empty());
  CHECK(offered(folder, {"show", "mem"}) == Words{"memory"});
  CHECK(offered(folder, {"example", "mig"}) == Words{"migration"});
  CHECK(offered(folder, {"completion", "b"}) == Words{"bash"});
  CHECK(offered(folder, {"run", "x.yaml", "model", "=", "llama-3.3"}) == Words{"llama-3.3-70b"});
  CHECK(has(offered(folder, {"run", "x.yaml", "fleet.pools[0].system", "="}), "hgx-b200"));
  // Where nothing is known, bash offers files.
  CHECK(offered(folder, {"run", ""}).empty());
  CHECK(offered(folder, {"nothing", "-"}).empty());
  CHECK(command({"completion", "fish"}).code == 2);
}

TEST_CASE("the manual page names every command and option, and roff has nothing to complain of") {
  const Folder folder;
  const Outcome printed = command({"man"});
  REQUIRE_MESSAGE(printed.code == 0, printed.err);
  folder.write("flotilla.1", printed.out);
  for (const char* const part :
       {".SS run\n", ".SS calibrate\n", ".SS man\n", "\\fB\\-\\-save\\-detailed\\fR", ".SH EXIT STATUS\n"})
    CHECK_MESSAGE(contains(printed.out, part), part);
  if (program({"sh", "-c", "command -v groff"}).code != 0) return;
  const Outcome shown = program({"groff", "-man", "-ww", "-Tutf8", "-K", "utf8", folder / "flotilla.1"});
  CHECK(shown.code == 0);
  CHECK(shown.err == "");
  CHECK(contains(shown.out, "key=a,b,c   key=range(1,9)"));
}
