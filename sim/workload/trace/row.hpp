// One line of a trace, understood.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flotilla::sim {

struct TraceRow {
  std::int64_t time = 0;  ///< nanoseconds since the epoch or the trace's own zero
  std::int64_t line = 0;
  std::int32_t input_tokens = 0;   ///< >= 0
  std::int32_t output_tokens = 0;  ///< >= 0
  std::int64_t session = -1;       ///< -1 = none
  std::int64_t tenant = -1;
  std::vector<std::uint64_t> hash_ids;
};

/// Why a line cannot be used.
struct LineError {
  int column = 0;  ///< counts from 1; 0 = the line as a whole
  std::string reason;
};

}  // namespace flotilla::sim
