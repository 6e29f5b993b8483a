// A page of which a command does not start or fails stays as it is, and docs/update says which command it was.
#include <doctest/doctest.h>

#include <filesystem>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;

namespace {

/// A clone with the pages that docs/update writes, and the eight situations decided at once.
class Documents {
 public:
  Documents() {
    const std::string root = FLOTILLA_SOURCE_DIR;
    for (const char* const file :
         {"docs/update", "docs/scenario-reference.md", "docs/results.md", "docs/decisions-to-make.md"}) {
      folder_.write(file, contents(root + "/" + file));
    }
    script("docs/update", contents(folder_ / "docs/update"));
    script("scenarios/decisions/replay", "#!/bin/sh\necho the matrix\n");
  }

  void script(const std::string& name, const std::string& text) const {
    folder_.write(name, text);
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }
  void page(const std::string& marks) const { folder_.write("docs/page.md", "# Page\n\n" + marks); }
  [[nodiscard]] std::string text(const std::string& name) const { return contents(folder_ / name); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] Outcome update(const std::string& flotilla = FLOTILLA_BINARY) const {
    return program({folder_ / "docs/update", flotilla});
  }

 private:
  Folder folder_;
};

std::string run(const std::string& mark, const std::string& command, const std::string& block) {
  return "<!-- " + mark + ": " + command + " -->\n```console\n$ " + command + "\n" + block + "```\n";
}

}  // namespace

TEST_CASE("what commands print is written into the page, and nothing else of it changes") {
  const Documents documents;
  documents.page(run("run", "echo new", "old\n") + "between\n" + run("run, exit code 3", "echo bad; exit 3", ""));
  const Outcome outcome = documents.update();
  CHECK_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(contains(outcome.out, "docs/page.md written\n"));
  CHECK(documents.text("docs/page.md") == "# Page\n\n" + run("run", "echo new", "new\n") + "between\n" +
                                              run("run, exit code 3", "echo bad; exit 3", "bad\n"));
  CHECK(contains(documents.text("docs/decisions-to-make.md"), "the matrix"));
}

TEST_CASE("a command that fails, does not start or ends otherwise than it should: the page stays, others are written") {
  struct Mistake {
    const char* mark;
    const char* command;
    const char* said;
  };
  for (const Mistake& each :
       {Mistake{"run", "echo half; exit 7", "docs/page.md: exit code 7, not 0, of: echo half; exit 7\nhalf\n"},
        Mistake{"run", "no-such-program", "docs/page.md: exit code 127, not 0, of: no-such-program\n"},
        Mistake{"run", "/etc/passwd", "docs/page.md: exit code 126, not 0, of: /etc/passwd\n"},
        Mistake{"run, exit code 2", "true", "docs/page.md: exit code 0, not 2, of: true\n"},
        Mistake{"run", "echo a ### grep b", "docs/page.md: exit code 1 of the filter: grep b\n"}}) {
    CAPTURE(each.command);
    const Documents documents;
    documents.page(run("run", "echo new", "old\n") + run(each.mark, each.command, "old\n"));
    documents.script("docs/other.md", run("run", "echo new", "old\n"));
    const std::string before = documents.text("docs/page.md");
    const Outcome outcome = documents.update();
    CHECK(outcome.code == 1);
    CHECK_MESSAGE(contains(outcome.err, each.said), outcome.err);
    CHECK(documents.text("docs/page.md") == before);
    CHECK(documents.text("docs/other.md") == run("run", "echo new", "new\n"));
    CHECK_FALSE(fs::exists(documents / "docs/page.md.partial"));
  }
}

TEST_CASE("decisions that cannot be made leave the matrix, and a program that cannot be run leaves every page") {
  const Documents documents;
  documents.script("scenarios/decisions/replay", "#!/bin/sh\necho half a matrix\nexit 1\n");
  const std::string before = documents.text("docs/decisions-to-make.md");
  const Outcome undecided = documents.update();
  CHECK(undecided.code == 1);
  CHECK(contains(undecided.err, "docs/decisions-to-make.md: scenarios/decisions/replay failed"));
  CHECK(documents.text("docs/decisions-to-make.md") == before);

  documents.page(run("run", "echo new", "old\n"));
  for (const std::string& broken : {std::string("/no/such/flotilla"), documents / "docs/page.md"}) {
    CAPTURE(broken);
    const std::string results = documents.text("docs/results.md");
    const Outcome outcome = documents.update(broken);
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, broken + " cannot be run"));
    CHECK(documents.text("docs/results.md") == results);
    CHECK(documents.text("docs/page.md") == "# Page\n\n" + run("run", "echo new", "old\n"));
  }
  // One that starts, and fails at what it is asked for.
  documents.script("half", "#!/bin/sh\n[ \"$1\" = --version ] || { echo half; exit 1; }\n");
  const std::string reference = documents.text("docs/scenario-reference.md");
  const Outcome half = documents.update(documents / "half");
  CHECK(half.code == 1);
  CHECK(contains(half.err, "flotilla schema --reference failed"));
  CHECK(documents.text("docs/scenario-reference.md") == reference);
  documents.script("half",
                   std::string("#!/bin/sh\n[ \"$2\" != metrics ] || exit 1\nexec '") + FLOTILLA_BINARY + "' \"$@\"\n");
  const std::string results = documents.text("docs/results.md");
  const Outcome no_metrics = documents.update(documents / "half");
  CHECK(no_metrics.code == 1);
  CHECK(contains(no_metrics.err, "flotilla list metrics failed"));
  CHECK(documents.text("docs/results.md") == results);
}
