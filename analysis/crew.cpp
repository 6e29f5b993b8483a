#include "analysis/crew.hpp"

#include <poll.h>

#include <algorithm>
#include <exception>
#include <list>
#include <utility>
#include <vector>

#include "analysis/child.hpp"

namespace flotilla::analysis {

namespace {

struct Worker {
  std::size_t item;
  Child child;
};

/// Until some child speaks, or a while has passed.
void wait_for_word(const std::list<Worker>& workers) {
  constexpr int kWhile = 200;  // ms
  std::vector<pollfd> fds;
  for (const Worker& w : workers) fds.push_back({w.child.descriptor(), POLLIN, 0});
  ::poll(fds.data(), fds.size(), kWhile);
}

bool ready(const Child& child) {
  pollfd fd{child.descriptor(), POLLIN, 0};
  return ::poll(&fd, 1, 0) > 0;
}

/// False where somebody ended the process.
bool ended_by_itself(Child& child, Work& work) {
  try {
    work.text = child.take();
    work.done = true;
  } catch (const ChildDied& e) {
    if (e.interrupted()) return false;
    work.text = e.what();
  } catch (const std::exception& e) {
    work.text = e.what();
  }
  return true;
}

}  // namespace

bool run_all(const std::vector<std::size_t>& items, const CrewPlan& plan,
             const std::function<std::string(std::size_t)>& work,
             const std::function<void(std::size_t, const Work&)>& finished) {
  std::list<Worker> workers;
  auto next = items.begin();
  const auto start_more = [&] {
    while (next != items.end() && workers.size() < static_cast<std::size_t>(std::max(1, plan.jobs))) {
      const std::size_t item = *next++;
      workers.push_back({item, Child([&work, item] { return work(item); })});
    }
  };
  bool interrupted = false;
  for (start_more(); !workers.empty() && !interrupted;) {
    wait_for_word(workers);
    std::vector<std::pair<std::size_t, Work>> ended;
    for (auto at = workers.begin(); at != workers.end() && !interrupted;) {
      interrupted = plan.interrupt != nullptr && *plan.interrupt;
      if (interrupted || !ready(at->child) || !at->child.listen()) {
        ++at;
        continue;
      }
      Work how;
      interrupted = !ended_by_itself(at->child, how);
      if (!interrupted) ended.emplace_back(at->item, std::move(how));
      at = workers.erase(at);
    }
    // To keep a result takes a while (a transaction on a disk): no core waits for that.
    if (!interrupted) start_more();
    for (const auto& [item, how] : ended) finished(item, how);
  }
  return !interrupted;
}

}  // namespace flotilla::analysis
