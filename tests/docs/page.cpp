#include "tests/docs/page.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>

#include "tests/cli/command_line.hpp"

namespace flotilla::test {

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

/// What a block that is set in by four blanks must begin with to be one of commands: others are formulas.
const std::regex kProgram(
    R"(^(flotilla|build/release/\S+|\./bootstrap|\.ci/run|cmake|cpack|ctest|docs/update|tests/\S+|scenarios/\S+|clang-\S+|)"
    R"(for|vllm|parallel|sqlite3|cp|sed|cat|\w+=\S+)(\s|$))");
/// And a command in a sentence.
const std::regex kOurs(
    R"(^(flotilla|build/release/flotilla|\./bootstrap|cmake|cpack|ctest|docs/update|scenarios/\S+|FLOTILLA_\S+) .)");
const std::regex kMark(R"re(^<!-- run(?:, exit code (\d+))?: (.*?)(?: ### (.*))? -->$)re");
const std::regex kFile(R"(^<!-- file: (.*) -->$)");

bool starts_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

std::string without_indent(const std::string& line) {
  return line.substr(std::min(line.find_first_not_of(' '), line.size()));
}

class Reader {
 public:
  explicit Reader(const std::string& text) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines_.push_back(line);
  }

  std::vector<Step> read() {
    bool blank_before = true;
    while (at_ < lines_.size()) {
      const std::string& line = lines_[at_];
      std::smatch match;
      if (std::regex_match(line, match, kMark)) {
        shown(match);
      } else if (std::regex_match(line, match, kFile)) {
        const std::string name = match[1];
        const int number = static_cast<int>(++at_);
        steps_.push_back({Step::Kind::kFile, number, name, joined(fenced())});
      } else if (starts_with(line, "```")) {
        const std::string language = line.substr(3);
        const int number = static_cast<int>(at_) + 2;
        block(language, number, fenced());
      } else if (blank_before && starts_with(line, "    ")) {
        set_in();
      } else {
        sentence(line);
        blank_before = line.empty();
        ++at_;
        continue;
      }
      end_of_sentences();
      blank_before = true;
    }
    end_of_sentences();
    return std::move(steps_);
  }

 private:
  static std::string joined(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }

  /// From the opening fence to behind the closing one.
  Lines fenced() {
    REQUIRE(starts_with(lines_.at(at_), "```"));
    Lines inside;
    for (++at_; lines_.at(at_) != "```"; ++at_) inside.push_back(lines_[at_]);
    ++at_;
    return inside;
  }

  void shown(const std::smatch& mark) {
    Step step{Step::Kind::kShown, static_cast<int>(++at_), mark[2], "", mark[3]};
    if (mark[1].matched) step.code = std::stoi(mark[1]);
    Lines lines = fenced();
    CHECK_MESSAGE((!lines.empty() && lines.front() == "$ " + step.text), step.line,
                  ": the block shows another command");
    if (!lines.empty()) lines.erase(lines.begin());
    step.block = joined(lines);
    steps_.push_back(step);
  }

  /// Of a fence. Behind a `$ ` stand commands, and what they print without one; without any all lines are commands.
  void block(const std::string& language, int number, const Lines& lines) {
    const bool prompts = std::any_of(lines.begin(), lines.end(), [](const auto& l) { return starts_with(l, "$ "); });
    const bool commands = language == "console" || language == "sh" || language == "bash";
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const int line = number + static_cast<int>(i);
      if (prompts && starts_with(lines[i], "$ ")) {
        steps_.push_back({Step::Kind::kTyped, line, lines[i].substr(2)});
      } else if (!prompts && commands && !lines[i].empty()) {
        steps_.push_back({Step::Kind::kTyped, line, lines[i]});
      }
    }
  }

  /// A block that is set in: a command goes on in the next line after a backslash, and a loop until its `done`.
  void set_in() {
    while (at_ < lines_.size() && starts_with(lines_[at_], "    ")) {
      std::string text = without_indent(lines_[at_]);
      const int number = static_cast<int>(++at_);
      const bool loop = starts_with(text, "for ") && text.find("done") == std::string::npos;
      while (at_ < lines_.size() && (text.back() == '\\' || (loop && !text.ends_with("done"))))
        text += "\n" + without_indent(lines_[at_++]);
      if (std::regex_search(text, kProgram)) steps_.push_back({Step::Kind::kTyped, number, text});
    }
  }

  void sentence(const std::string& line) {
    if (sentences_.empty()) sentences_at_ = static_cast<int>(at_) + 1;
    sentences_ += line + " ";
    if (line.empty()) end_of_sentences();
  }

  void end_of_sentences() {
    static const std::regex code("`([^`]+)`");
    for (std::sregex_iterator match(sentences_.begin(), sentences_.end(), code), end; match != end; ++match) {
      const std::string text = (*match)[1];
      if (std::regex_search(text, kOurs)) steps_.push_back({Step::Kind::kInline, sentences_at_, text});
    }
    sentences_.clear();
  }

  Lines lines_;
  std::size_t at_ = 0;
  std::string sentences_;
  int sentences_at_ = 0;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> steps_of(const std::string& page) {
  return Reader(contents(std::string(FLOTILLA_SOURCE_DIR) + "/" + page)).read();
}

std::vector<std::string> pages() {
  const fs::path root = FLOTILLA_SOURCE_DIR;
  std::vector<std::string> found{"README.md", "CONTRIBUTING.md"};
  for (const char* const room : {"docs", "analysis", "cmake", "models", "scenarios", "sim", "tests", "topologies"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
      const bool page =
          entry.path().filename() == "README.md" || (room == std::string("docs") && entry.path().extension() == ".md");
      if (page && entry.path().string().find("node_modules") == std::string::npos)
        found.push_back(fs::relative(entry.path(), root).string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<std::string> arguments_of_flotilla(const std::string& command) {
  static const std::regex flotilla(R"(^(?:build/release/)?flotilla\s+)");
  std::smatch match;
  if (!std::regex_search(command, match, flotilla)) return std::nullopt;
  return match.suffix();
}

}  // namespace flotilla::test
