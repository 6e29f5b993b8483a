// Runs the real binary as a user types it, and keeps what it said.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace flotilla::test {

/// What a command came to. `signal` is 0 unless a signal ended it.
struct Outcome {
  int code = -1;
  int signal = 0;
  std::string out;
  std::string err;
};

struct Circumstances {
  std::filesystem::path directory{};      ///< to run in; "" = this one
  double interrupt_after_s = 0;           ///< Ctrl-C then; 0 = never
  double kill_after_s = 0;                ///< SIGKILL then; 0 = never
  std::string stdout_to{};                ///< a file instead of Outcome::out
  bool reader_of_stdout_is_gone = false;  ///< as in `flotilla ... | head -1` once head has its line
  bool stderr_is_a_terminal = false;
};

/// `flotilla ARGUMENTS`.
Outcome command(const std::vector<std::string>& arguments, const Circumstances& circumstances = {});
/// Any other program, found on the PATH.
Outcome program(const std::vector<std::string>& words, const Circumstances& circumstances = {});

class Folder;
/// As a user of bash types it in `folder`, with `$FLOTILLA` for the binary.
Outcome shell(const Folder& folder, const std::string& script);

/// A fresh directory that goes when the test does.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file into it and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// It names a scenario and what of it is varied, and is no scenario itself.
bool is_sweep_file(const std::string& path);

/// The shipped scenarios, and one of them: "migration/article-b200".
std::vector<std::string> shipped_scenarios();
std::string shipped(const std::string& name);

std::string contents(const std::string& path);
bool contains(const std::string& text, const std::string& part);
/// The first line of `text` that starts with `start`; "" if none does.
std::string line_of(const std::string& text, const std::string& start);

/// "" if the texts agree but for numbers that are within `tolerance` (relative) of each other; else where they part.
std::string difference(const std::string& expected, const std::string& found, double tolerance);

/// FLOTILLA_RENEW=1 in the environment: tests write what they find in place of what they expect.
bool renewing();

}  // namespace flotilla::test
