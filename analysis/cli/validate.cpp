#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "analysis/cli/arguments.hpp"
#include "analysis/cli/interrupt.hpp"
#include "analysis/output/whole_file.hpp"
#include "analysis/validate/writers.hpp"

namespace flotilla::cli {

namespace {

std::string today() {
  const std::time_t now = std::time(nullptr);
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(now));
}

struct Options {
  std::string points, directory, markdown, ledger;
  analysis::ReplayPlan plan;
  bool quiet = false;
};

Options read_options(const Arguments& arguments) {
  CLI::App app(
      "Replays measured serving points through the simulator, each as it was measured, and says how far off it is.",
      "flotilla validate");
  Options o;
  o.plan.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  app.add_option("POINTS", o.points, "table of measured points: .csv or .csv.gz")->required();
  app.add_option("-o,--output", o.directory, "directory for points.csv, details.csv, summary.json and report.html")
      ->required();
  app.add_option("-j,--jobs", o.plan.jobs, "replays at once")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--markdown", o.markdown, "also write the page of the documents, docs/validation.md, here");
  app.add_option("--memory-ledger", o.ledger,
                 "also compare KV tokens with those that engines logged: memory_ledger.csv");
  app.add_flag("-q,--quiet", o.quiet, "print nothing but errors");
  parse(app, arguments);
  o.plan.show_progress = !o.quiet && isatty(STDERR_FILENO) != 0;
  return o;
}

void write(const analysis::Validation& validation, const Options& o) {
  std::vector<std::pair<std::string, std::string>> files;
  const auto file = [&](const char* name, std::string text) {
    files.emplace_back(o.directory + "/" + name, std::move(text));
  };
  file("points.csv", analysis::points_csv(validation));
  file("details.csv", analysis::details_csv(validation));
  file("report.html", analysis::report_html(validation, today()));
  file("summary.json", analysis::summary(validation).dump(2) + "\n");
  const std::string table = std::filesystem::path(o.points).filename().string();
  if (!o.markdown.empty()) files.emplace_back(o.markdown, analysis::validation_page(validation, today(), table));
  analysis::write_whole_files(files);
}

}  // namespace

int validate(const Arguments& arguments) {
  Options o = read_options(arguments);
  auto points = analysis::read_points(analysis::Table::load(o.points));
  std::vector<analysis::LedgerLine> ledger;
  if (!o.ledger.empty()) ledger = analysis::compare_memory(analysis::Table::load(o.ledger));
  analysis::make_directory(o.directory);
  o.plan.interrupt = &watch_for_interrupt();
  try {
    std::vector<analysis::Job> jobs;
    for (const auto& point : points) jobs.push_back({&point, {}});
    auto outcomes = analysis::replay(jobs, o.plan);
    auto variations = analysis::vary(points, o.plan);
    const analysis::Validation validation(std::move(points), std::move(outcomes), std::move(variations),
                                          std::move(ledger));
    write(validation, o);
    if (!o.quiet) fmt::print("{}", analysis::terminal_text(validation));
  } catch (const analysis::Interrupted&) {
    fmt::print(stderr, "stopped before its end: nothing was written\n");
    return kInterrupted;
  }
  return kOk;
}

}  // namespace flotilla::cli
