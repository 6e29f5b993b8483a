// Ctrl-C, for commands that can stop early and keep what they have.
#pragma once

#include <atomic>

namespace flotilla::cli {

/// Set from now on when the user or the system asks the program to end (SIGINT, SIGTERM). A second time ends it at
/// once.
const std::atomic<bool>& watch_for_interrupt();

}  // namespace flotilla::cli
