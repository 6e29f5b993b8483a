#include "analysis/compare/compare.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "analysis/cli/arguments.hpp"
#include "analysis/cli/interrupt.hpp"
#include "analysis/output/whole_file.hpp"

namespace flotilla::cli {

int compare(const Arguments& arguments) {
  CLI::App app("Runs scenarios with the same requests and seeds, and says what differs by more than chance.",
               "flotilla compare");
  analysis::CompareOptions options;
  std::vector<std::string> words;
  std::string directory;
  double width = 0;
  bool quiet = false;
  options.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  app.add_option("SCENARIO [key=value]", words, "scenarios, compared with the first, and changes to all of them")
      ->required();
  app.add_option("--seeds", options.seeds, "replications of each, from the first scenario's seed on")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--width", width, "more of them, 100 at most, until every interval is within +- so many percent")
      ->check(CLI::PositiveNumber);
  app.add_option("-j,--jobs", options.jobs, "runs at once")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("-o,--output", directory, "directory for compare.json");
  app.add_flag("-q,--quiet", quiet, "print nothing but errors");
  parse(app, arguments);
  for (const std::string& word : words)
    (word.find('=') == std::string::npos ? options.scenarios : options.overrides).push_back(word);
  if (options.scenarios.empty()) throw UsageError("flotilla compare: which scenarios?");
  if (width > 0) options.width = width / 100;

  options.show_progress = !quiet && isatty(STDERR_FILENO) != 0;
  options.interrupt = &watch_for_interrupt();
  if (!directory.empty()) analysis::make_directory(directory);
  const auto comparison = analysis::compare(options);
  if (!comparison) {
    fmt::print(stderr, "stopped before its end: nothing was written\n");
    return kInterrupted;
  }
  if (!directory.empty())
    analysis::write_whole_file(directory + "/" + analysis::kCompareFile, analysis::comparison_json(*comparison));
  if (!quiet) fmt::print("{}", analysis::comparison_terminal(*comparison));
  return kOk;
}

}  // namespace flotilla::cli
