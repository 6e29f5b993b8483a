// A result is safe from its program at once, and from the machine within a second: the log is synced so often, not
// more.
#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "analysis/sweep/store.hpp"

namespace {
std::atomic<int> syncs{0};
}

// SQLite, a library of its own, calls these instead of the C library's.
extern "C" int fdatasync(int file) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
extern "C" int fsync(int file) {
  ++syncs;
  return static_cast<int>(::syscall(SYS_fsync, file));
}

using namespace flotilla::analysis;
namespace fs = std::filesystem;

TEST_CASE("results of one second are synced once, by the first of the next") {
  const fs::path folder = fs::temp_directory_path() / ("flotilla-test-syncs-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  {
    SweepIdentity identity;
    identity.hashes = {"a", "b", "c", "d"};
    identity.values.resize(4);
    SweepStore store((folder / "sweep.db").string(), identity, SweepStore::Open::kNew);
    const auto synced_by = [&](std::size_t point) {
      const int before = syncs;
      store.record(point, {true, "", "{}"});
      return syncs - before;
    };
    CHECK(synced_by(0) == 0);
    CHECK(synced_by(1) == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    CHECK(synced_by(2) > 0);
    CHECK(synced_by(3) == 0);
  }
  fs::remove_all(folder);
}
