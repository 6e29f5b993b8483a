// Numbers from a process of their own: SimGrid has one clock per process.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <vector>

namespace flotilla::sim {

template <class Work>
std::vector<double> in_child(Work work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  std::fflush(nullptr);  // or the child writes what is still buffered a second time
  const pid_t pid = fork();
  if (pid == 0) {
    bool written = true;
    try {
      for (const double value : work()) written = written && write(ends[1], &value, sizeof value) == sizeof value;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      written = false;
    }
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::vector<double> values;
  for (double value = 0; read(ends[0], &value, sizeof value) == sizeof value;) values.push_back(value);
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  REQUIRE(status == 0);
  return values;
}

}  // namespace flotilla::sim
