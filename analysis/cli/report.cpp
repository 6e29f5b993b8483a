#include <fmt/format.h>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/whole_file.hpp"
#include "analysis/report/run_report.hpp"

namespace flotilla::cli {

int report(const Arguments& arguments) {
  CLI::App app("Shows runs as one HTML file that needs nothing else: one run, or several side by side.",
               "flotilla report");
  std::vector<std::string> directories;
  std::string output = "report.html";
  app.add_option("DIR", directories, "directories of `flotilla run -o DIR`; differences are against the first")
      ->required();
  app.add_option("-o,--output", output, "the file to write")->capture_default_str();
  parse(app, arguments);

  std::vector<analysis::StoredRun> runs;
  for (const std::string& directory : directories) runs.push_back(analysis::read_run(directory));
  analysis::write_whole_file(output, analysis::run_report_html(runs));
  fmt::print("{}\n", output);
  return kOk;
}

}  // namespace flotilla::cli
