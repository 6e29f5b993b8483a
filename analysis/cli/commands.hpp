// The commands of the binary, a file each. A command parses its arguments, calls the library and prints; it decides
// nothing.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace flotilla::cli {

enum ExitCode { kOk = 0, kRunFailed = 1, kBadInput = 2, kBrokenInvariant = 70, kInterrupted = 130 };

using Arguments = std::vector<std::string>;

struct Command {
  const char* name;
  const char* help;
  int (*run)(const Arguments&);
};

/// All commands, in the order of the help.
std::span<const Command> commands();

int run(const Arguments&);
int check(const Arguments&);
int bounds(const Arguments&);
int show(const Arguments&);
int list(const Arguments&);
int example(const Arguments&);
int schema(const Arguments&);
int size(const Arguments&);
int decide(const Arguments&);
int compare(const Arguments&);
int sweep(const Arguments&);
int report(const Arguments&);
int validate(const Arguments&);
int calibrate(const Arguments&);
int completion(const Arguments&);
int man(const Arguments&);

/// What some words may be, for whoever completes them.
std::vector<std::string> kinds_of_lists();  ///< of `list`
std::vector<std::string> names_of_examples();
std::vector<std::string> names_of_shows();  ///< what `show` shows

}  // namespace flotilla::cli
