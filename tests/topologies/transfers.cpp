#include "tests/topologies/transfers.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <functional>
#include <simgrid/s4u.hpp>
#include <stdexcept>

#include "topologies/platform.hpp"

namespace flotilla::topologies::test {
namespace {

namespace sg4 = simgrid::s4u;

/// Calls `work` in a child process with an engine and returns the `count` doubles it returns.
std::vector<double> in_child(std::size_t count, const std::function<std::vector<double>()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe");
  std::fflush(nullptr);  // or the child writes what is still buffered a second time
  const pid_t child = fork();
  if (child == 0) {
    char name[] = "test";
    char log[] = "--log=root.thres:error";
#ifdef __SANITIZE_ADDRESS__
    char contexts[] = "--cfg=contexts/factory:thread";  // the sanitizer does not follow SimGrid's own stack switches
    int argc = 3;
    char* argv[] = {name, log, contexts, nullptr};
#else
    int argc = 2;
    char* argv[] = {name, log, nullptr};
#endif
    sg4::Engine engine(&argc, argv);
    const auto result = work();
    const auto size = static_cast<ssize_t>(result.size() * sizeof(double));
    _exit(write(ends[1], result.data(), static_cast<std::size_t>(size)) == size ? 0 : 1);
  }
  close(ends[1]);
  std::vector<double> result(count);
  std::size_t got = 0;
  auto* bytes = reinterpret_cast<char*>(result.data());
  for (ssize_t n = 1; n > 0 && got < count * sizeof(double); got += static_cast<std::size_t>(n)) {
    n = read(ends[0], bytes + got, count * sizeof(double) - got);
    if (n < 0) break;
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0 || got != count * sizeof(double))
    throw std::runtime_error("the simulation in the child process failed");
  return result;
}

}  // namespace

std::vector<double> end_times(const Fleet& fleet, const std::vector<Flow>& flows) {
  return in_child(flows.size(), [&] {
    const auto platform = make_platform(fleet);
    std::vector<double> ends(flows.size());
    for (std::size_t i = 0; i < flows.size(); ++i) {
      sg4::Actor::create("mover", platform.host(0), [&ends, &platform, &flow = flows[i], i] {
        sg4::this_actor::sleep_until(flow.start);
        platform.transfer(flow.from, flow.to, Bytes(flow.bytes));
        ends[i] = sg4::Engine::get_clock();
      });
    }
    sg4::Engine::get_instance()->run();
    return ends;
  });
}

double seconds_to_make_platform(const Fleet& fleet) {
  return in_child(1, [&] {
    const auto start = std::clock();
    const auto platform = make_platform(fleet);
    const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    if (platform.host(0) == nullptr) throw std::logic_error("no host");
    return std::vector<double>{took};
  })[0];
}

}  // namespace flotilla::topologies::test
