#include "analysis/cli/interrupt.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/whole_file.hpp"

namespace flotilla::cli {

namespace {

std::atomic<bool> interrupted{false};
std::atomic<bool> to_a_terminal{false};
std::atomic<pid_t> whose{0};

void say(std::string_view text) {
  // stderr may be closed, or its reader gone: then nobody is told.
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text.data(), text.size());
}

/// Calls nothing that a signal may not interrupt.
void end_at_once(int signal) {
  if (::getpid() != whose) {  // a child that has just begun: files and words are its parent's, and it just ends
    std::signal(signal, SIG_DFL);
    ::raise(signal);
    return;
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (to_a_terminal) say("\r\033[K");  // a line of progress
  say(analysis::PartialFile::drop_all() ? "stopped before its end; the files that it wrote are whole\n"
                                        : "stopped before its end: nothing was written\n");
  ::_exit(kInterrupted);
}

void remember(int signal) {
  interrupted.store(true);
  std::signal(signal, end_at_once);
}

/// Whoever started the program may have had the signal ignored: nohup, a script for what it leaves in the background.
void unless_ignored(int signal, void (*handler)(int)) {
  if (std::signal(signal, handler) == SIG_IGN) std::signal(signal, SIG_IGN);
}

}  // namespace

void end_when_interrupted() {
  whose = ::getpid();
  to_a_terminal = ::isatty(STDERR_FILENO) != 0;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) unless_ignored(signal, end_at_once);
}

const std::atomic<bool>& watch_for_interrupt() {
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
  unless_ignored(SIGHUP, remember);
  return interrupted;
}

}  // namespace flotilla::cli
