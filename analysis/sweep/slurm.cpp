#include "analysis/sweep/slurm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "analysis/output/whole_file.hpp"

namespace flotilla::analysis {

namespace {

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// "results/sweep" for results/sweep.db: what the other files' names begin with.
std::string stem_of(const std::string& database) {
  const std::filesystem::path path(database);
  return (path.parent_path() / path.stem()).string();
}

std::string head(const SlurmSweep& sweep, const char* what, int cpus, const std::string& log) {
  std::string name = "flotilla-";
  for (const char c : sweep.name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? c : '_';
  return fmt::format(
      "#!/bin/bash\n"
      "#SBATCH --job-name={}{}\n"
      "#SBATCH --ntasks=1\n"
      "#SBATCH --cpus-per-task={}\n"
      "#SBATCH --output=\"{}\"\n"
      "#SBATCH --open-mode=append\n",
      name, what, cpus, log);
}

}  // namespace

std::string shell_word(const std::string& word) {
  const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string("_-./=:,+").find(c) != std::string::npos;
  });
  return plain && !word.empty() ? word : quoted(word);
}

std::string slurm_array(const SlurmSweep& s) {
  const std::string stem = stem_of(s.database);
  std::string words;
  for (const std::string& word : s.words) words += " " + shell_word(word);
  return head(s, "", s.jobs, stem + ".part-%a.log") +
         fmt::format(
             "#SBATCH --array=1-{0}\n"
             "#SBATCH --requeue\n"
             "# Each task runs its share of the points; submitted again, it runs what is missing. Partition, time "
             "limit and memory: add them\n"
             "# here, or give them to sbatch.\n"
             "set -euo pipefail\n"
             "exec {1} sweep {2}{3} \\\n"
             "  --points \"$SLURM_ARRAY_TASK_ID/{0}\" -j \"${{SLURM_CPUS_PER_TASK:-{4}}}\" --resume \\\n"
             "  -o {5}\"$SLURM_ARRAY_TASK_ID.db\"\n",
             s.shares, shell_word(s.program), shell_word(s.scenario), words, s.jobs, shell_word(stem + ".part-"));
}

std::string slurm_collect(const SlurmSweep& s) {
  const std::string stem = stem_of(s.database);
  return head(s, "-collect", 1, stem + ".collect.log") +
         fmt::format(
             "# Brings the shares together; what is missing is said, and exit code 1. May be submitted again: a task "
             "that Slurm\n"
             "# requeued counts as ended, so that this may come before it.\n"
             "set -euo pipefail\n"
             "parts=()\n"
             "for share in $(seq 1 {}); do\n"
             "  part={}\"$share.db\"\n"
             "  if [ -e \"$part\" ]; then parts+=(\"$part\"); fi\n"
             "done\n"
             "exec {} sweep --collect \"${{parts[@]}}\" -o {} --csv {}\n",
             s.shares, shell_word(stem + ".part-"), shell_word(s.program), shell_word(s.database),
             shell_word(stem + ".csv"));
}

SlurmFiles write_slurm_jobs(const SlurmSweep& sweep) {
  const std::string stem = stem_of(sweep.database);
  const SlurmFiles files{stem + ".array.sh", stem + ".collect.sh"};
  write_whole_file(files.array, slurm_array(sweep));
  write_whole_file(files.collect, slurm_collect(sweep));
  return files;
}

}  // namespace flotilla::analysis
