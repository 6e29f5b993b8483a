// Ctrl-C and its like: SIGINT, SIGTERM and SIGHUP.
#pragma once

#include <atomic>

namespace flotilla::cli {

/// From now on they end the program at once, where they were not ignored: exit code 130, a line on stderr, and no file
/// that is half written. Its children end with it.
void end_when_interrupted();

/// For commands that can stop early and keep what they have: set from now on when the user or the system asks the
/// program to end. A second time ends it at once, as above.
const std::atomic<bool>& watch_for_interrupt();

}  // namespace flotilla::cli
