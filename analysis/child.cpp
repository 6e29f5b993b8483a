#include "analysis/child.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

#include "scenarios/reader/error.hpp"
#include "sim/engine/invariant.hpp"

namespace flotilla::analysis {
namespace {

/// First byte of what a child says: its text, or how it failed.
enum class Outcome : char { kText = 'S', kInvariant = 'I', kInput = 'U', kFailure = 'F' };

void say(int fd, Outcome outcome, const std::string& text) {
  std::string message(1, static_cast<char>(outcome));
  message += text;
  for (std::size_t done = 0; done < message.size();) {
    const ssize_t n = write(fd, message.data() + done, message.size() - done);
    if (n < 0 && errno != EINTR) return;
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

[[noreturn]] void run_child(const std::function<std::string()>& work, int fd, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // whoever kills the parent wants its work to end, too
  if (getppid() != parent) _exit(0);
  std::signal(SIGINT, SIG_DFL);  // the parent decides what an interrupt means for it; a child just ends
  std::signal(SIGTERM, SIG_DFL);
  if (std::signal(SIGHUP, SIG_DFL) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup
  try {
    say(fd, Outcome::kText, work());
  } catch (const sim::InvariantError& e) {
    say(fd, Outcome::kInvariant, e.what());
  } catch (const InputError& e) {
    say(fd, Outcome::kInput, e.what());
  } catch (const std::bad_alloc&) {
    say(fd, Outcome::kFailure, "out of memory");
  } catch (const std::exception& e) {
    say(fd, Outcome::kFailure, e.what());
  }
  // Not exit(): the parent's buffers and SimGrid's globals are not this child's to tear down.
  _exit(0);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

ChildDied::ChildDied(int status)
    : std::runtime_error(WIFSIGNALED(status)
                             ? fmt::format("the simulation's process was ended by signal {} ({}){}", WTERMSIG(status),
                                           strsignal(WTERMSIG(status)),
                                           WTERMSIG(status) == SIGKILL ? ": is there enough memory?" : "")
                             : fmt::format("the simulation's process ended early (exit code {})", WEXITSTATUS(status))),
      signal_(WIFSIGNALED(status) ? WTERMSIG(status) : 0) {}

bool ChildDied::interrupted() const { return signal_ == SIGINT || signal_ == SIGTERM || signal_ == SIGHUP; }

Child::Child(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0)
    throw std::runtime_error(fmt::format("no pipe for a child process: {}", std::strerror(errno)));
  std::fflush(nullptr);  // what this process has printed must not be printed by the child as well
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) {
    const int why = errno;
    close(ends[0]);
    close(ends[1]);
    throw std::runtime_error(fmt::format("no child process: {}", std::strerror(why)));
  }
  if (pid_ == 0) {
    close(ends[0]);
    run_child(work, ends[1], parent);
  }
  close(ends[1]);
  descriptor_ = ends[0];
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      heard_(std::move(other.heard_)) {}

Child::~Child() {
  if (descriptor_ >= 0) close(descriptor_);
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  wait_for(pid_);
}

bool Child::listen() {
  std::array<char, 65536> buffer{};
  const ssize_t n = read(descriptor_, buffer.data(), buffer.size());
  if (n < 0 && errno == EINTR) return false;
  if (n <= 0) return true;
  heard_.append(buffer.data(), static_cast<std::size_t>(n));
  return false;
}

std::string Child::take() {
  while (!listen()) {
  }
  const int status = wait_for(std::exchange(pid_, -1));
  if (heard_.empty()) throw ChildDied(status);
  std::string text = heard_.substr(1);
  switch (static_cast<Outcome>(heard_.front())) {
    case Outcome::kText:
      return text;
    case Outcome::kInvariant:
      throw sim::InvariantError::from_text(text);
    case Outcome::kInput:
      throw InputError({}, "", text);
    case Outcome::kFailure:
      break;
  }
  throw std::runtime_error(text);
}

}  // namespace flotilla::analysis
