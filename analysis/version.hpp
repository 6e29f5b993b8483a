// Which Flotilla this is. The values are filled in by CMake.
#pragma once

#include <string>

namespace flotilla::analysis {

extern const char* const kVersion;
extern const char* const kCommit;  ///< "unknown" outside a git checkout
std::string simgrid_version();     ///< of the library at run time: "3.32.0"

}  // namespace flotilla::analysis
