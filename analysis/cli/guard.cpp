#include "analysis/cli/guard.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>

#include "analysis/child.hpp"
#include "analysis/cli/arguments.hpp"
#include "scenarios/reader/error.hpp"
#include "scenarios/reader/plain_text.hpp"
#include "sim/engine/invariant.hpp"

namespace flotilla::cli {

namespace {

/// Without the control characters that a file or a word may hold: a terminal would obey them. stderr may be closed,
/// too: nothing is left to say then.
void complain(const std::string& text) {
  std::fputs((reader::without_control_characters(text, "\n\t") + "\n").c_str(), stderr);
}

int no_stdout(int error) {
  complain(fmt::format("flotilla: cannot write to standard output: {}", std::strerror(error)));
  return kRunFailed;
}

int guarded(const std::function<int()>& command) {
  try {
    return command();
  } catch (const HelpRequested& help) {
    fmt::print("{}", help.what());
    return kOk;
  } catch (const UsageError& e) {
    complain(e.what());
    return kBadInput;
  } catch (const InputError& e) {
    complain(e.what());
    return kBadInput;
  } catch (const sim::InvariantError& e) {
    complain(
        fmt::format("flotilla: {}\nThis is a fault of Flotilla, not of your input; no figures are printed.", e.what()));
    return kBrokenInvariant;
  } catch (const std::bad_alloc&) {
    complain("flotilla: out of memory");
    return kRunFailed;
  } catch (const analysis::ChildDied& e) {
    complain(e.interrupted() ? "stopped before its end: nothing was written" : fmt::format("flotilla: {}", e.what()));
    return e.interrupted() ? kInterrupted : kRunFailed;
  } catch (const std::system_error& e) {
    // What fmt::print throws does not say which file it was.
    if (std::ferror(stdout) != 0) return no_stdout(e.code().value());
    complain(fmt::format("flotilla: {}", e.what()));
    return kRunFailed;
  } catch (const std::exception& e) {
    complain(fmt::format("flotilla: {}", e.what()));
    return kRunFailed;
  }
}

}  // namespace

void prepare_process() {
  std::signal(SIGXFSZ, SIG_IGN);
  // For reading only, so that what is printed to a closed stdout fails as it should.
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDONLY) < 0) return;
  }
}

int exit_code_of(const std::function<int()>& command) {
  const int code = guarded(command);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  if (code != kOk) return code;
  return no_stdout(errno);
}

}  // namespace flotilla::cli
