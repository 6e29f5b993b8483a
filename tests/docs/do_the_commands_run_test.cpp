// Every command that a page shows is typed here, page by page, in the order of the page; where the page shows what it
// prints, it prints that. What cannot be typed here stands in a list, with the reason.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <set>

#include "tests/cli/command_line.hpp"
#include "tests/docs/page.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;

namespace {

struct Elsewhere {
  const char* start;  ///< of the command
  const char* reason;
};
constexpr std::array kElsewhere{
    Elsewhere{"./bootstrap", "installs packages, and builds and runs what is running"},
    Elsewhere{"cmake --build --preset release && RUNS=3 tests/bench/measure", "minutes; 'bench: every whole run runs'"},
    Elsewhere{"cmake --build --preset", "builds what is running"},
    Elsewhere{"cmake --preset", "builds everything anew"},
    Elsewhere{"cmake --install", "tests/consumer/does_it_work_where_it_is_installed"},
    Elsewhere{"cpack", "the same"},
    Elsewhere{"ctest", "runs what is running"},
    Elsewhere{"FLOTILLA_RENEW=1 ctest", "writes anew what tests expect"},
    Elsewhere{".ci/run", "an hour, of which this is a part"},
    Elsewhere{"docs/update", "tests/docs/does_update_keep_what_it_cannot_renew_test.cpp, in a copy"},
    Elsewhere{"tests/bench/measure", "minutes; 'bench: every whole run runs' is the same in small"},
    Elsewhere{"build/release/tests/bench/micro_bench", "a minute; 'bench: every part runs' is the same in small"},
    Elsewhere{"build/release/tests/fuzz/random_runs", "minutes; 'fuzz: random runs' is the same in small"},
    Elsewhere{"tests/house/lint", "a minute, and tools that only continuous integration has"},
    Elsewhere{"tests/house/coverage", "a build of its own, and all tests"},
    Elsewhere{"tests/house/clean_root", "a Debian of its own, and a build"},
    Elsewhere{"clang-tidy", "a tool that users need not have, half a minute a file"},
    Elsewhere{"clang-format", "the same, and it writes"},
    Elsewhere{"count", "minutes under valgrind"},
    Elsewhere{"long=", "a word for the line below it, which runs minutes under valgrind"},
    Elsewhere{"for c in 1 8 32; do", "asks a server of the reader's"},
    Elsewhere{"cp own/qwen3-14b.yaml models/catalog/llms/", "adds to the catalogue that is in the binary"},
    Elsewhere{"flotilla validate serving_points.csv.gz", "published points do not ship"},
    Elsewhere{"flotilla show topology", "names a part of a command"},
};

bool starts_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

const Elsewhere* elsewhere(const std::string& command) {
  const auto found = std::find_if(kElsewhere.begin(), kElsewhere.end(),
                                  [&](const Elsewhere& each) { return starts_with(command, each.start); });
  return found == kElsewhere.end() ? nullptr : &*found;
}

std::string without_quotes_and_comments(const std::string& command) {
  static const std::regex quoted(R"('[^']*'|"[^"]*"|#.*)");
  return std::regex_replace(command, quoted, "");
}

/// Words that stand for the reader's own: SCENARIO, A.yaml, key=..., TABLES.
bool is_form(const std::string& command) {
  static const std::regex own(R"((^|\s)([A-Z][A-Z_]*(\.\w+)?(\.\.\.)?|\S*\.\.\.)(\s|$))");
  return std::regex_search(without_quotes_and_comments(command), own);
}

/// Of "sweep SCENARIO --csv FILE" there is the command, and it has the option.
void check_form(const std::string& typed) {
  const std::string arguments = without_quotes_and_comments(typed);
  static const std::regex option(R"((^|\s)(--?[a-z][a-z-]*))");
  const std::string name = arguments.substr(0, arguments.find_first_of(" "));
  if (name == "COMMAND") return;
  const Outcome help = command({name, "--help"});
  CHECK_MESSAGE(help.code == 0, "no command ", name);
  for (std::sregex_iterator match(arguments.begin(), arguments.end(), option), end; match != end; ++match) {
    const std::string word = (*match)[2];
    CHECK_MESSAGE(contains(help.out, word), "no option ", word, " of ", name);
  }
}

/// `list a|b` is `list a` and `list b`.
std::vector<std::string> alternatives(const std::string& command) {
  static const std::regex either(R"((\w+(?:\|\w+)+))");
  std::smatch match;
  if (!std::regex_search(command, match, either)) return {command};
  std::vector<std::string> all;
  const std::string words = match[1];
  for (std::size_t from = 0; from < words.size();) {
    const std::size_t bar = std::min(words.find('|', from), words.size());
    all.push_back(match.prefix().str() + words.substr(from, bar - from) + match.suffix().str());
    from = bar + 1;
  }
  return all;
}

/// As GNU parallel, for what follows `:::`. Bootstrap does not bring the real one.
constexpr const char* kParallel = R"(#!/usr/bin/env bash
words=()
while [ "$1" != ::: ]; do words+=("$1"); shift; done
shift
for value; do "${words[@]//\{\}/$value}" || exit 1; done
)";

/// What a reader has who has built in a clone.
class Clone {
 public:
  Clone() {
    const fs::path root = FLOTILLA_SOURCE_DIR;
    fs::create_directories(folder_.path() / "build/release");
    fs::create_symlink(FLOTILLA_BINARY, folder_.path() / "build/release/flotilla");
    for (const char* const room : {"scenarios", "tests", "sim", "docs", "models", "topologies"})
      fs::create_directory_symlink(root / room, folder_.path() / room);
    folder_.write("bin/parallel", kParallel);
    fs::permissions(folder_ / "bin/parallel", fs::perms::owner_all);
  }

  void write(const Step& step) const { folder_.write(step.text, step.block); }

  [[nodiscard]] Outcome type(const std::string& script) const {
    return program({"env", "PATH=" + (folder_ / "bin") + ":" + (folder_ / "build/release") + ":" + std::getenv("PATH"),
                    "bash", "-c", script},
                   {.directory = folder_.path()});
  }

 private:
  Folder folder_;
};

std::string without_blanks_at_ends(const std::string& text) {
  return std::regex_replace(text, std::regex(" +\n"), "\n");
}

void check_shown(const Clone& clone, const Step& step) {
  // Output goes through the filter alone; what the command ends with is told apart from what the filter does.
  clone.write({Step::Kind::kFile, 0, ".command", step.text});
  clone.write({Step::Kind::kFile, 0, ".filter", step.filter.empty() ? "cat" : step.filter});
  const Outcome ended = clone.type("bash .command < /dev/null > .printed 2>&1");
  CHECK_MESSAGE(ended.code == step.code, clone.type("tail -5 .printed").out);
  const Outcome printed = clone.type("bash .filter < .printed");
  CHECK(printed.code == 0);
  const std::string found = without_blanks_at_ends(printed.out);
  CHECK_MESSAGE(difference(step.block, found, 0) == "", "run docs/update: ", difference(step.block, found, 0));
}

void check_typed(const Clone& clone, const Step& step) {
  const bool sentence = step.kind == Step::Kind::kInline;
  for (const std::string& each : sentence ? alternatives(step.text) : std::vector<std::string>{step.text}) {
    const Outcome outcome = clone.type("exec < /dev/null\n" + each);
    CHECK_MESSAGE(outcome.code == 0, outcome.err);
  }
}

void check(const Clone& clone, const Step& step) {
  if (step.kind == Step::Kind::kFile) return clone.write(step);
  if (step.kind == Step::Kind::kShown) return check_shown(clone, step);
  if (elsewhere(step.text) != nullptr) return;
  const auto arguments = arguments_of_flotilla(step.text);
  // "`flotilla size --rate`" and "`flotilla size`" name what is meant; a command has something that it is about.
  const bool named =
      step.kind == Step::Kind::kInline && arguments && !std::regex_search(*arguments, std::regex(R"(^\w+\s+[^-\s])"));
  if (arguments && (named || is_form(step.text))) return check_form(*arguments);
  if (step.kind == Step::Kind::kInline && is_form(step.text)) return;
  check_typed(clone, step);
}

void check_page(const std::string& page) {
  const Clone clone;
  for (const Step& step : steps_of(page)) {
    CAPTURE(page);
    CAPTURE(step.line);
    CAPTURE(step.text);
    check(clone, step);
  }
}

/// Those whose commands take longest: a case for each, so that they run beside each other.
const std::set<std::string> kOnTheirOwn{"README.md",          "docs/getting-started.md", "docs/sweeps.md",
                                        "docs/policies.md",   "docs/fabric.md",          "docs/decisions-to-make.md",
                                        "docs/fleet-life.md", "docs/extending.md",       "docs/prefix-cache.md"};

}  // namespace

TEST_CASE("README: its commands run, and print what it shows") { check_page("README.md"); }
TEST_CASE("getting started: its commands run, and print what it shows") { check_page("docs/getting-started.md"); }
TEST_CASE("sweeps: its commands run, and print what it shows") { check_page("docs/sweeps.md"); }
TEST_CASE("policies: its commands run, and print what it shows") { check_page("docs/policies.md"); }
TEST_CASE("fabric: its commands run, and print what it shows") { check_page("docs/fabric.md"); }
TEST_CASE("prefix cache: its commands run, and print what it shows") { check_page("docs/prefix-cache.md"); }
TEST_CASE("decisions to make: its commands run, and print what it shows") { check_page("docs/decisions-to-make.md"); }
TEST_CASE("fleet life: its commands run, and print what it shows") { check_page("docs/fleet-life.md"); }
TEST_CASE("extending: its commands run, and print what it shows") { check_page("docs/extending.md"); }

TEST_CASE("all other pages: their commands run, and print what they show") {
  for (const std::string& page : pages()) {
    if (kOnTheirOwn.count(page) == 0) check_page(page);
  }
}

TEST_CASE("every command that is not run here is on a page, and every page with a case of its own is there") {
  std::set<std::string> used, found;
  std::size_t typed = 0;
  for (const std::string& page : pages()) {
    found.insert(page);
    for (const Step& step : steps_of(page)) {
      const Elsewhere* const other = step.kind == Step::Kind::kFile ? nullptr : elsewhere(step.text);
      if (other != nullptr) used.insert(other->start);
      typed += step.kind == Step::Kind::kTyped || step.kind == Step::Kind::kShown ? 1U : 0U;
    }
  }
  CHECK(typed > 70);
  for (const Elsewhere& each : kElsewhere) CHECK_MESSAGE(used.count(each.start) == 1, each.start);
  for (const std::string& page : kOnTheirOwn) CHECK_MESSAGE(found.count(page) == 1, page);
}

TEST_CASE("commands are found in fences, in blocks that are set in and in sentences") {
  const std::string page = "tests/docs/examples/page.md";
  std::string all;
  for (const Step& step : steps_of(page))
    all += fmt::format("{} {} {} [{}]\n", step.line, static_cast<int>(step.kind), step.text, step.block);
  CHECK(all ==
        "5 2 flotilla list gpus []\n"
        "7 2 flotilla list models []\n"
        "11 2 flotilla schema   # all of it []\n"
        "16 2 flotilla decide mine.yaml \\\n--tp 2 []\n"
        "18 2 for i in 1 2; do\necho $i\ndone []\n"
        "24 3 flotilla list prices []\n"
        "26 0 own/one.yaml [name: one\n]\n"
        "31 1 flotilla check own/one.yaml [one: it fits.\n]\n");
}
