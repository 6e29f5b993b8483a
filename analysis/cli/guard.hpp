// How a command ends: its own exit code, or that of what it threw, said on stderr.
#pragma once

#include <functional>

namespace flotilla::cli {

/// Before anything else: makes what the machine may do to a process an error that is told. Descriptors 0 to 2 are open
/// afterwards (a file that got the number of a closed stdout would be printed into), and a file that may not grow is no
/// signal but an error of the write.
void prepare_process();

/// Runs the command and flushes stdout. Nothing is thrown from here.
int exit_code_of(const std::function<int()>& command);

}  // namespace flotilla::cli
