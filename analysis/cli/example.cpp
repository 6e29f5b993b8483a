#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/whole_file.hpp"
#include "scenarios/reader/embedded.hpp"
#include "scenarios/reader/node.hpp"

namespace flotilla::cli {

namespace {

namespace fs = std::filesystem;

/// Folders of scenarios that travel with the binary, with what each shows.
struct Example {
  const char* name;
  const char* shows;
  const char* companion;  ///< a file beside the scenarios, or nullptr
};
constexpr Example kExamples[] = {
    {"migration", "50 requests/s on H100s or B200s: the article's fleets, and those that really hold 50 tok/s/user",
     nullptr},
    {"closed-loop", "a benchmark in the InferenceMAX manner: fixed concurrency, one replica", nullptr},
    {"fabric", "prefill and decode apart: KV over NVLink, NICs and an oversubscribed spine; experts on 8 or 32 GPUs",
     nullptr},
    {"cache", "conversations under seven routers: how much of the prompts each finds in a prefix cache", nullptr},
    {"policies", "schedulers, routers, retries, prefill apart: what each is known for, side by side", nullptr},
    {"power", "a rack of H200s with and without a power cap, and one that grows hot: joules per token and p99",
     nullptr},
    {"life", "a day with and without autoscaling; nodes, GPUs and NVSwitches that fail, and are repaired", nullptr},
    {"tenants", "two models on one fleet, and two classes of requests: what each tenant gets, and what it costs",
     nullptr},
    {"sweeps", "tok/s/GPU against tok/s/user for three GPUs, sizes, loads and concurrencies: flotilla sweep", nullptr},
    {"decisions", "eight situations of a team, from steady chat to a hall that is short of power: flotilla decide",
     nullptr},
    {"trace", "replays a request trace", "requests.csv"},
};

/// A folder that has its name once all is in it, or is gone.
class Folder {
 public:
  explicit Folder(fs::path path) : path_(std::move(path)), partial_(path_.string() + analysis::kPartialSuffix) {
    std::error_code error;
    mine_ = fs::create_directory(partial_, error);  // or left behind by one that was killed
    if (error)
      throw std::runtime_error(fmt::format("{}: cannot make the directory: {}", path_.string(), error.message()));
  }
  ~Folder() {
    std::error_code ignored;
    if (mine_ && !partial_.empty()) fs::remove_all(partial_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& partial() const { return partial_; }
  void commit() {
    fs::rename(partial_, path_);
    partial_.clear();
  }

 private:
  fs::path path_, partial_;
  bool mine_ = false;
};

int copy(const Example& example) {
  const fs::path folder = example.name;
  if (fs::exists(folder)) {
    throw UsageError(fmt::format("flotilla example: '{}' exists here already; nothing was written", folder.string()));
  }
  Folder under_way(folder);
  const std::string source = fmt::format("scenarios/{}", example.name);
  std::vector<std::string> files;
  for (const std::string& stem : reader::embedded_names(source)) files.push_back(stem + ".yaml");
  if (example.companion != nullptr) files.emplace_back(example.companion);
  for (const std::string& name : files) {
    analysis::write_whole_file((under_way.partial() / name).string(),
                               std::string(reader::embedded_file(source + "/" + name).value()));
  }
  under_way.commit();
  for (const std::string& name : files) fmt::print("{}\n", (folder / name).string());
  return kOk;
}

}  // namespace

std::vector<std::string> names_of_examples() {
  std::vector<std::string> names;
  for (const Example& example : kExamples) names.emplace_back(example.name);
  return names;
}

int example(const Arguments& arguments) {
  CLI::App app("Copies a worked scenario into a folder here; without a name, lists them.", "flotilla example");
  std::string name;
  app.add_option("NAME", name, "which one");
  parse(app, arguments);
  for (const Example& example : kExamples) {
    if (name.empty()) fmt::print("{:<16} {}\n", example.name, example.shows);
    if (name == example.name) return copy(example);
  }
  if (name.empty()) return kOk;
  throw UsageError(fmt::format("flotilla example: there is no example '{}'\n  {}", name,
                               reader::suggest(name, names_of_examples())));
}

}  // namespace flotilla::cli
