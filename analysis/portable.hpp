// A scenario that means the same wherever it is read: its files by absolute path; and its hash, in which a file counts
// by content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/scenario.hpp"

namespace flotilla::analysis {

/// SHA-256 as 64 hexadecimal digits.
std::string sha256_hex(std::string_view text);

/// `scenario` as read from `document`, with every file it names (model, system, fabric, engine, price, lengths, trace)
/// by absolute path. Throws InputError where a file is gone.
sim::Scenario with_absolute_paths(sim::Scenario scenario, const reader::Document& document);

/// SHA-256 of the scenario's YAML, in which each file stands for its size and its first 16 MiB: the same in any folder,
/// another one when a file changes.
std::string scenario_sha256(sim::Scenario scenario, const reader::Document& document);

/// A file as it was at some time.
struct FileState {
  std::string path;
  std::uintmax_t bytes = 0;
  std::filesystem::file_time_type written;
};

/// Of the traces that are files, not pipes.
std::vector<FileState> states_of_traces(const sim::Scenario& scenario);

/// Throws std::runtime_error where one of them has been written to, or is another file now: rows of two states are no
/// trace. One that is gone is none: what was open stays readable.
void check_unchanged(const std::vector<FileState>& traces);

}  // namespace flotilla::analysis
