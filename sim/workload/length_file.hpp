// Lengths in a file of the user's own, for {empirical: file}.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "sim/workload/input_file.hpp"

namespace flotilla::sim {

/// How often each length occurs. Lines hold `tokens` or `tokens,weight`; with a header line, the column of that name
/// (the first if none is asked for) and, if there is one, the column `weight`. Anything else is an InputError at its
/// line.
std::map<std::int32_t, double> read_length_file(const InputFile& file, const std::optional<std::string>& column);

}  // namespace flotilla::sim
