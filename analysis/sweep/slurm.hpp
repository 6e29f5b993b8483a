// A sweep on a cluster that Slurm runs: an array job, a share of the points in each task, and a job that brings the
// shares together.
#pragma once

#include <string>
#include <vector>

namespace flotilla::analysis {

struct SlurmSweep {
  std::string program;             ///< this binary
  std::string name;                ///< of the jobs
  std::string scenario;            ///< absolute path
  std::vector<std::string> words;  ///< key=values, as typed
  std::string database;            ///< absolute path of the whole; shares lie beside it
  std::size_t shares = 1;
  int jobs = 1;  ///< points at once in each task
};

/// One word to a shell, whatever it holds; in quotes only where it needs them.
std::string shell_word(const std::string& word);

/// Each task goes on where it was when Slurm ends and requeues it.
std::string slurm_array(const SlurmSweep& sweep);
std::string slurm_collect(const SlurmSweep& sweep);

struct SlurmFiles {
  std::string array, collect;
};
/// Writes both beside the database: sweep.array.sh, sweep.collect.sh.
SlurmFiles write_slurm_jobs(const SlurmSweep& sweep);

}  // namespace flotilla::analysis
