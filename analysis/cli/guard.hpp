// How a command ends: its own exit code, or that of what it threw, said on stderr.
#pragma once

#include <functional>

namespace flotilla::cli {

/// Runs the command and flushes stdout. Nothing is thrown from here.
int exit_code_of(const std::function<int()>& command);

}  // namespace flotilla::cli
