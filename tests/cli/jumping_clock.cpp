// Loaded before the C library: a clock on the wall that jumps 400 days ahead and back again, each time it is asked. The
// monotonic clock goes on as it does.
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

namespace {

std::atomic<int> asked{0};
constexpr std::time_t kJump = 400 * 24 * 3600;

std::time_t jumped(std::time_t now) { return asked++ % 2 == 0 ? now + kJump : now - kJump; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto code = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec = jumped(now->tv_sec);
  return code;
}

int gettimeofday(timeval* now, void*) noexcept {
  timespec precise{};
  const int code = clock_gettime(CLOCK_REALTIME, &precise);
  *now = {precise.tv_sec, precise.tv_nsec / 1000};
  return code;
}

std::time_t time(std::time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
