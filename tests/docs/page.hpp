// What a page of the documents tells its reader to type.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace flotilla::test {

struct Step {
  enum class Kind {
    kFile,    ///< a block behind <!-- file: NAME -->: `text` is its name, `block` what is in it
    kShown,   ///< a command behind <!-- run: ... -->, with what it prints in `block`
    kTyped,   ///< a line of a block of commands
    kInline,  ///< a command in a sentence
  };
  Kind kind;
  int line = 0;
  std::string text;
  std::string block{};
  std::string filter{};  ///< what shortens the output, of kShown
  int code = 0;          ///< that it shall end with, of kShown
};

/// In the order of the page, by its path from the root. Of sentences, those commands that begin as this project's do.
std::vector<Step> steps_of(const std::string& page);

/// README.md, CONTRIBUTING.md, docs/**/*.md and the README.md of every room.
std::vector<std::string> pages();

/// `flotilla` behind its name as a path; the command without it. Nothing where another program is called.
std::optional<std::string> arguments_of_flotilla(const std::string& command);

}  // namespace flotilla::test
