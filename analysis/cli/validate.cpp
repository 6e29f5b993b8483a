#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/whole_file.hpp"
#include "analysis/validate/writers.hpp"

namespace flotilla::cli {

namespace {

std::atomic<bool> interrupted{false};

void on_signal(int signal) {
  interrupted.store(true);
  std::signal(signal, SIG_DFL);  // a second one ends the program at once
}

}  // namespace

int validate(const Arguments& arguments) {
  CLI::App app(
      "Replays measured serving points through the simulator, each as it was measured, and says how far off it is.",
      "flotilla validate");
  std::string points, directory;
  analysis::ReplayPlan plan;
  plan.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  bool quiet = false;
  app.add_option("POINTS", points, "table of measured points: .csv or .csv.gz")->required();
  app.add_option("-o,--output", directory, "directory for points.csv, details.csv and summary.json")->required();
  app.add_option("-j,--jobs", plan.jobs, "points at once")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_flag("-q,--quiet", quiet, "print nothing but errors");
  parse(app, arguments);

  auto measured = analysis::read_points(analysis::Table::load(points));
  analysis::make_directory(directory);
  plan.show_progress = !quiet && isatty(STDERR_FILENO) != 0;
  plan.interrupt = &interrupted;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  try {
    std::vector<analysis::Job> jobs;
    for (const auto& point : measured) jobs.push_back({&point, {}});
    auto outcomes = analysis::replay(jobs, plan);
    auto variations = analysis::vary(measured, plan);
    const analysis::Validation validation(std::move(measured), std::move(outcomes), std::move(variations));
    analysis::write_whole_file(directory + "/points.csv", analysis::points_csv(validation));
    analysis::write_whole_file(directory + "/details.csv", analysis::details_csv(validation));
    analysis::write_whole_file(directory + "/summary.json", analysis::summary_json(validation));
    if (!quiet) fmt::print("{}", analysis::terminal_text(validation));
  } catch (const analysis::Interrupted&) {
    return kInterrupted;
  }
  return kOk;
}

}  // namespace flotilla::cli
