// What is to be run: a scenario and the axes along which it changes. Given on the command line, or as a sweep file:
//   name: h100-llama-70b
//   scenario: h100.yaml              # beside this file
//   sweep:                           # words in the grammar of axis.hpp
//     - workload.max_concurrency=4,8,16,32,64
//     - serving[0].tensor_parallel_size,fleet.pools[0].gpus=1:1,2:2
#pragma once

#include <string>
#include <vector>

#include "analysis/run.hpp"
#include "analysis/sweep/axis.hpp"

namespace flotilla::analysis {

/// The points are all combinations of the axes' values, the last axis fastest; numbered from 0.
struct Sweep {
  std::string name;
  std::string scenario_path;
  std::string scenario_text;  ///< read once: every point is of the same file, whatever happens to it meanwhile
  std::vector<Axis> axes;

  [[nodiscard]] std::size_t size() const;
  /// "key=value" for each key of each axis.
  [[nodiscard]] std::vector<std::string> assignments(std::size_t point) const;
  /// The keys that take several values.
  [[nodiscard]] std::vector<std::string> swept_keys() const;
  /// Their values at a point.
  [[nodiscard]] std::vector<std::string> swept_values(std::size_t point) const;
  /// A scenario's name with the point's swept values: "h100 sglang".
  [[nodiscard]] std::string name_of(std::size_t point, const std::string& scenario) const;
  /// The scenario as it is written, with the point's changes. Throws InputError.
  [[nodiscard]] reader::Document document(std::size_t point) const;
  /// The point's scenario, built. Throws InputError.
  [[nodiscard]] LoadedScenario load(std::size_t point) const;
};

/// `path` is a scenario or a sweep file; `words` are key=values. A word takes the place of the file's for the same
/// keys. Throws InputError.
Sweep read_sweep(const std::string& path, const std::vector<std::string>& words);

/// Hash of each point: of its scenario with its changes, files by content. Reads all of them, and so throws InputError
/// at the first key or value that no scenario could have; what can be read, but not be built, is left to the run.
std::vector<std::string> hashes_of_points(const Sweep& sweep);

/// Of the sweep as a whole, from its points'.
std::string hash_of_sweep(const Sweep& sweep, const std::vector<std::string>& hashes);

}  // namespace flotilla::analysis
