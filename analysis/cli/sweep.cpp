#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "analysis/cli/arguments.hpp"
#include "analysis/cli/interrupt.hpp"
#include "analysis/output/whole_file.hpp"
#include "analysis/sweep/run_sweep.hpp"
#include "analysis/sweep/slurm.hpp"
#include "analysis/sweep/writers.hpp"

namespace flotilla::cli {

namespace {

struct Options {
  ScenarioArguments scenario;
  analysis::SweepRun run;
  std::vector<std::string> parts;
  std::string share, csv;
  int shares = 0;
  bool dry_run = false, slurm = false, quiet = false;
};

void read_options(const Arguments& arguments, Options& o) {
  CLI::App app(
      "Runs a scenario at every combination of the values given, several at once, into one SQLite file.\n"
      "  key=a,b,c   key=range(1,9)   key=linspace(0,1,5)   key=geomspace(1,64,7)   'key1,key2=1:10,2:20' (together)",
      "flotilla sweep");
  o.run.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  app.add_option("SCENARIO", o.scenario.path, "a scenario, or a sweep file that names one");
  app.add_option("key=values", o.scenario.overrides, "what to vary, and other changes");
  app.add_option("-o,--output", o.run.database, "the database of results, an SQLite file");
  app.add_option("-j,--jobs", o.run.jobs, "points at once")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_flag("--resume", o.run.resume, "go on with a sweep that was stopped: run only what is missing");
  app.add_flag("--retry-failed", o.run.retry_failed, "the same, and run points again that failed");
  app.add_flag("--dry-run", o.dry_run, "list the points and run none");
  app.add_option("--points", o.share, "i/n: only the i-th of n shares of the points, into a database of its own");
  app.add_option("--collect", o.parts, "databases of shares, to be brought together in that of -o")->expected(1, -1);
  app.add_flag("--slurm", o.slurm, "write an array job and a collecting job for Slurm beside -o, and run nothing");
  app.add_option("--shares", o.shares, "tasks of the array job; 16 if not given, or a point each")
      ->check(CLI::Range(1, 10000));
  app.add_option("--csv", o.csv, "also write all figures as CSV, a row per point");
  app.add_flag("-q,--quiet", o.quiet, "print nothing but errors");
  parse(app, arguments);
  if (o.run.database.empty() && !o.dry_run) throw UsageError("flotilla sweep: where to? give -o sweep.db");
  if (o.scenario.path.empty() && o.parts.empty()) throw UsageError("flotilla sweep: which scenario?");
  if (o.share.empty()) return;
  try {
    o.run.share = analysis::parse_share(o.share);
  } catch (const std::invalid_argument& e) {
    throw UsageError(fmt::format("flotilla sweep: --points {}", e.what()));
  }
}

std::string absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

int write_slurm(const Options& o, const analysis::Sweep& sweep) {
  constexpr std::size_t kShares = 16;
  analysis::SlurmSweep slurm;
  slurm.program = std::filesystem::read_symlink("/proc/self/exe").string();
  slurm.name = sweep.name;
  slurm.scenario = absolute(o.scenario.path);
  slurm.words = o.scenario.overrides;
  slurm.database = absolute(o.run.database);
  slurm.shares = std::min(sweep.size(), o.shares > 0 ? static_cast<std::size_t>(o.shares) : kShares);
  slurm.jobs = o.run.jobs;
  const analysis::SlurmFiles files = analysis::write_slurm_jobs(slurm);
  fmt::print(
      "{} points in {} shares. To run them, and then to collect:\n"
      "  job=$(sbatch --parsable {}) && sbatch --dependency=afterany:$job {}\n",
      sweep.size(), slurm.shares, analysis::shell_word(files.array), analysis::shell_word(files.collect));
  return kOk;
}

int tell(const Options& o) {
  const analysis::StoredSweep stored = analysis::read_store(o.run.database);
  if (!o.csv.empty()) analysis::write_whole_file(o.csv, analysis::sweep_csv(stored));
  std::size_t failed = 0;
  std::string first;  // of their reasons
  for (const auto& [point, result] : stored.results) {
    if (!result.done && failed++ == 0) first = result.error;
  }
  const analysis::Share& share = o.run.share;
  if (!o.quiet && share.count > 1) {
    fmt::print("share {} of {}: {} points done, {} failed; --collect brings the shares together\n", share.index,
               share.count, stored.results.size() - failed, failed);
  } else if (!o.quiet) {
    fmt::print("{}", analysis::sweep_terminal(stored));
  } else if (failed > 0) {
    fmt::print(stderr, "flotilla sweep: {} of {} points failed, the first of them: {}\n", failed, stored.results.size(),
               first);
  }
  return failed > 0 ? kRunFailed : kOk;
}

}  // namespace

int sweep(const Arguments& arguments) {
  Options o;
  read_options(arguments, o);
  if (!o.parts.empty()) {
    const bool whole = analysis::collect(o.run.database, o.parts);
    const int code = tell(o);
    return whole ? code : kRunFailed;
  }
  const analysis::Sweep sweep = analysis::read_sweep(o.scenario.path, o.scenario.overrides);
  const auto identity = analysis::SweepIdentity::of(sweep);
  if (o.dry_run) {
    const auto points = analysis::points_of(o.run.share, sweep.size());
    fmt::print("{} points of {}:\n{}", points.size(), sweep.scenario_path, analysis::sweep_listing(identity, points));
    return kOk;
  }
  if (o.slurm) return write_slurm(o, sweep);
  o.run.show_progress = !o.quiet && isatty(STDERR_FILENO) != 0;
  o.run.interrupt = &watch_for_interrupt();
  if (!analysis::run_sweep(sweep, identity, o.run)) {
    fmt::print(stderr, "stopped before its end; what was finished is in {}, and --resume goes on\n", o.run.database);
    return kInterrupted;
  }
  return tell(o);
}

}  // namespace flotilla::cli
