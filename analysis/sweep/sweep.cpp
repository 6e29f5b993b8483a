#include "analysis/sweep/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "analysis/portable.hpp"
#include "scenarios/reader/load.hpp"
#include "scenarios/reader/plain_text.hpp"
#include "scenarios/reader/schema.hpp"
#include "scenarios/reader/source.hpp"

namespace flotilla::analysis {

namespace {

constexpr std::size_t kMostPoints = 100'000;

/// A sweep file as written.
struct SweepFile {
  std::string name;
  std::string scenario;
  std::vector<std::string> sweep;

  static const reader::Schema<SweepFile>& schema() {
    static const auto schema =
        reader::Schema<SweepFile>("sweep", "A scenario and what of it is varied")
            .key("name", &SweepFile::name, "shown in results", {.default_text = "the scenario's file"})
            .key("scenario", &SweepFile::scenario, "the scenario, by its path from this file", {.required = true})
            .key("sweep", &SweepFile::sweep, "key=values, as on the command line", {.required = true});
    return schema;
  }
};

bool names_one_of(const Axis& axis, const std::vector<std::string>& keys) {
  return std::any_of(axis.keys.begin(), axis.keys.end(),
                     [&](const std::string& key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); });
}

[[noreturn]] void fail_word(const std::string& word, const std::string& message, const std::string& hint) {
  throw InputError({reader::kCommandLine, 1, 1, word}, "", message, hint);
}

/// An axis of the command line: in place of the file's on the same keys, or another one.
void add(std::vector<Axis>& axes, std::size_t from_file, const std::string& word) {
  Axis axis = parse_axis(word);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!names_one_of(axes[i], axis.keys)) continue;
    if (i >= from_file) fail_word(word, "a key of this is given twice", "key=a,b,c lists all its values at once");
    if (axes[i].keys.size() > axis.keys.size()) {
      fail_word(word, "the sweep file changes this key together with others",
                fmt::format("give all of them: '{}=...'", fmt::join(axes[i].keys, ",")));
    }
    axes[i] = std::move(axis);
    return;
  }
  axes.push_back(std::move(axis));
}

/// Of a file with a `sweep` key: its axes, name and scenario.
void read_sweep_file(Sweep& sweep, const reader::Document& document, const std::string& path) {
  reader::refuse_control_characters(document.root());
  const auto file = reader::read<SweepFile>(document.root());
  std::vector<std::string> seen;
  const reader::Node words = document.root().at("sweep");
  for (std::size_t i = 0; i < file.sweep.size(); ++i) {
    SourceLocation where = words[i].where();
    if (words[i].is_quoted()) ++where.column;
    sweep.axes.push_back(parse_axis(file.sweep[i], where));
    if (names_one_of(sweep.axes.back(), seen)) words[i].fail("a key of this is given twice");
    seen.insert(seen.end(), sweep.axes.back().keys.begin(), sweep.axes.back().keys.end());
  }
  sweep.name = file.name.empty() ? std::filesystem::path(path).stem().string() : file.name;
  sweep.scenario_path = (std::filesystem::path(path).parent_path() / file.scenario).lexically_normal().string();
  try {
    sweep.scenario_text = reader::read_text_file(sweep.scenario_path);
  } catch (const InputError& e) {
    document.fail("scenario", fmt::format("{}: {}", sweep.scenario_path, e.message()), e.hint());
  }
}

/// Calls `visit(axis, index of its value)` for each axis at a point.
template <class Visit>
void at_point(const std::vector<Axis>& axes, std::size_t point, Visit visit) {
  std::size_t combinations = 1;
  for (const Axis& axis : axes) combinations *= axis.values.size();
  for (const Axis& axis : axes) {
    combinations /= axis.values.size();
    visit(axis, point / combinations % axis.values.size());
  }
}

}  // namespace

std::size_t Sweep::size() const {
  std::size_t points = 1;
  for (const Axis& axis : axes) points *= axis.values.size();
  return points;
}

std::vector<std::string> Sweep::assignments(std::size_t point) const {
  std::vector<std::string> found;
  at_point(axes, point, [&](const Axis& axis, std::size_t value) {
    for (std::size_t k = 0; k < axis.keys.size(); ++k) found.push_back(axis.keys[k] + "=" + axis.values[value][k]);
  });
  return found;
}

std::vector<std::string> Sweep::swept_keys() const {
  std::vector<std::string> keys;
  for (const Axis& axis : axes) {
    if (axis.swept()) keys.insert(keys.end(), axis.keys.begin(), axis.keys.end());
  }
  return keys;
}

std::vector<std::string> Sweep::swept_values(std::size_t point) const {
  std::vector<std::string> values;
  at_point(axes, point, [&](const Axis& axis, std::size_t value) {
    if (axis.swept()) values.insert(values.end(), axis.values[value].begin(), axis.values[value].end());
  });
  return values;
}

std::string Sweep::name_of(std::size_t point, const std::string& scenario) const {
  std::string all = scenario;
  for (const std::string& value : swept_values(point)) all += " " + value;
  return all;
}

reader::Document Sweep::document(std::size_t point) const {
  auto document = reader::Document::from_text(scenario_text, scenario_path);
  for (const std::string& assignment : assignments(point)) document.set(assignment);
  return document;
}

LoadedScenario Sweep::load(std::size_t point) const {
  return load_scenario(reader::Document::from_text(scenario_text, scenario_path), assignments(point));
}

Sweep read_sweep(const std::string& path, const std::vector<std::string>& words) {
  Sweep sweep;
  const std::string text = reader::read_text_file(path);
  const auto document = reader::Document::from_text(text, path);
  if (document.root().is_mapping() && document.root().has("sweep")) {
    read_sweep_file(sweep, document, path);
  } else {
    sweep.name = std::filesystem::path(path).stem().string();
    sweep.scenario_path = path;
    sweep.scenario_text = text;
  }
  const std::size_t from_file = sweep.axes.size();
  for (const std::string& word : words) add(sweep.axes, from_file, word);
  double points = 1;
  for (const Axis& axis : sweep.axes) points *= static_cast<double>(axis.values.size());
  if (points > static_cast<double>(kMostPoints)) {
    throw InputError({}, "", fmt::format("these are {:.0f} points; a sweep has {} at most", points, kMostPoints),
                     "sweep fewer values, or fewer keys at once");
  }
  return sweep;
}

std::vector<std::string> hashes_of_points(const Sweep& sweep) {
  std::vector<std::string> hashes;
  for (std::size_t point = 0; point < sweep.size(); ++point) {
    const auto document = sweep.document(point);
    hashes.push_back(scenario_sha256(reader::read<sim::Scenario>(document.root()), document));
  }
  return hashes;
}

std::string hash_of_sweep(const Sweep& sweep, const std::vector<std::string>& hashes) {
  std::string text = "sweep\n";
  for (const std::string& key : sweep.swept_keys()) text += key + "\n";
  for (std::size_t point = 0; point < hashes.size(); ++point)
    text += fmt::format("{} {}\n", hashes[point], fmt::join(sweep.swept_values(point), ","));
  return sha256_hex(text);
}

}  // namespace flotilla::analysis
