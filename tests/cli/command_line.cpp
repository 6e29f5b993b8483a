#include "tests/cli/command_line.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

namespace flotilla::test {

namespace {

namespace fs = std::filesystem;

void redirect(int to, const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) _exit(126);
  dup2(fd, to);
  close(fd);
}

void redirect_to_nobody(int to) {
  int ends[2];
  if (pipe(ends) != 0) _exit(126);
  close(ends[0]);
  dup2(ends[1], to);
  close(ends[1]);
}

/// A terminal without a person: what a child writes to `slave`, its parent reads from `master`.
struct Terminal {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  int slave = -1;
  Terminal() {
    REQUIRE(master >= 0);
    REQUIRE(grantpt(master) == 0);
    REQUIRE(unlockpt(master) == 0);
    slave = open(ptsname(master), O_WRONLY | O_NOCTTY);
    REQUIRE(slave >= 0);
  }
  ~Terminal() { close(master); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  /// All that is written until the child has gone.
  [[nodiscard]] std::string read_all() const {
    close(slave);
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(master, buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    return text;
  }
};

[[noreturn]] void become(const std::vector<std::string>& words, const Circumstances& how, const Folder& said,
                         const Terminal* terminal) {
  if (terminal != nullptr) {
    dup2(terminal->slave, STDERR_FILENO);
    close(terminal->slave);
    close(terminal->master);
  } else {
    redirect(STDERR_FILENO, said / "err");
  }
  if (how.reader_of_stdout_is_gone) {
    redirect_to_nobody(STDOUT_FILENO);
  } else {
    redirect(STDOUT_FILENO, how.stdout_to.empty() ? said / "out" : how.stdout_to);
  }
  if (!how.directory.empty() && chdir(how.directory.c_str()) != 0) _exit(126);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

/// A number at text[at]: its value and length (0 if there is none). Thousands separators belong to it.
struct Number {
  double value = 0;
  std::size_t length = 0;
};
Number number_at(const std::string& text, std::size_t at) {
  std::string digits;
  std::size_t i = at;
  const auto digit = [&](std::size_t k) {
    return k < text.size() && std::isdigit(static_cast<unsigned char>(text[k])) != 0;
  };
  while (digit(i) || (i > at && (text[i] == '.' || text[i] == ',') && digit(i + 1))) {
    if (text[i] != ',') digits += text[i];
    ++i;
  }
  return {digits.empty() ? 0 : std::strtod(digits.c_str(), nullptr), i - at};
}

}  // namespace

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "flotilla-test-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& text) const {
  fs::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << text;
  return *this / name;
}

Outcome program(const std::vector<std::string>& words, const Circumstances& how) {
  const Folder said;
  std::optional<Terminal> terminal;
  if (how.stderr_is_a_terminal) terminal.emplace();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) become(words, how, said, terminal ? &*terminal : nullptr);
  if (how.interrupt_after_s > 0) {
    usleep(static_cast<useconds_t>(1e6 * how.interrupt_after_s));
    kill(child, SIGINT);
  }
  if (how.kill_after_s > 0) {
    usleep(static_cast<useconds_t>(1e6 * how.kill_after_s));
    kill(child, SIGKILL);
  }
  Outcome outcome;
  if (terminal) outcome.err = terminal->read_all();
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) outcome.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  if (fs::exists(said / "out")) outcome.out = contents(said / "out");
  if (!terminal) outcome.err = contents(said / "err");
  return outcome;
}

Outcome command(const std::vector<std::string>& arguments, const Circumstances& how) {
  std::vector<std::string> words{FLOTILLA_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return program(words, how);
}

Outcome shell(const Folder& folder, const std::string& script) {
  return program({"env", std::string("FLOTILLA=") + FLOTILLA_BINARY, "bash", "-c", script},
                 {.directory = folder.path()});
}

bool is_sweep_file(const std::string& path) { return line_of(contents(path), "sweep:") != ""; }

std::vector<std::string> shipped_scenarios() {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(FLOTILLA_SOURCE_DIR) / "scenarios")) {
    if (entry.path().extension() == ".yaml" && !is_sweep_file(entry.path().string()))
      paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string shipped(const std::string& name) {
  return std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/" + name + ".yaml";
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string line_of(const std::string& text, const std::string& start) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(start, 0) == 0) return line;
  }
  return "";
}

std::string difference(const std::string& expected, const std::string& found, double tolerance) {
  std::size_t e = 0;
  std::size_t f = 0;
  const auto parted = [&] {
    return "expected '" + expected.substr(e, 60) + "'\n   found '" + found.substr(f, 60) + "'";
  };
  while (e < expected.size() && f < found.size()) {
    const Number wanted = number_at(expected, e);
    const Number got = number_at(found, f);
    if ((wanted.length == 0) != (got.length == 0)) return parted();
    if (wanted.length > 0) {
      if (std::fabs(wanted.value - got.value) > tolerance * std::fabs(wanted.value)) return parted();
      e += wanted.length;
      f += got.length;
      continue;
    }
    if (expected[e] != found[f]) return parted();
    ++e;
    ++f;
  }
  return e == expected.size() && f == found.size() ? "" : parted();
}

bool renewing() {
  const char* const value = std::getenv("FLOTILLA_RENEW");
  return value != nullptr && std::string(value) == "1";
}

}  // namespace flotilla::test
