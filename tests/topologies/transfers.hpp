// Runs transfers on a fleet's SimGrid platform, in a child process: SimGrid has one engine per process.
#pragma once

#include <vector>

#include "topologies/build.hpp"

namespace flotilla::topologies::test {

struct Flow {
  VertexId from = kNone;
  VertexId to = kNone;
  double bytes = 0;
  double start = 0;  ///< seconds
};

/// Seconds at which each flow ends.
std::vector<double> end_times(const Fleet& fleet, const std::vector<Flow>& flows);

/// Seconds of processor time that make_platform takes.
double seconds_to_make_platform(const Fleet& fleet);

}  // namespace flotilla::topologies::test
