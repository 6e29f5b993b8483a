#include "analysis/portable.hpp"

#include <fmt/format.h>
#include <nettle/sha2.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <stdexcept>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

#include "models/catalog.hpp"
#include "scenarios/reader/schema.hpp"

namespace flotilla::analysis {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHashedBytes = 16U << 20U;

using Rename = std::function<std::string(const std::string& path)>;

/// Puts `rename` of its path in place of each file that the scenario names; `root` says where each name was written.
void rename_files(sim::Scenario& scenario, const reader::Node& root, const Rename& rename) {
  // A word that is a file and not also a name of the catalogue ("meta-llama/Llama-3.3-70B-Instruct"); systems and
  // fabrics have no such names.
  const auto word = [&](std::string& text, const reader::Node& node, const char* kind = nullptr) {
    if (!node.is_scalar() || !models::looks_like_path(text)) return;
    if (kind != nullptr && !models::catalog_name(kind, text).empty()) return;
    text = rename(models::resolved_path(models::Reference(node)));
  };
  const auto file = [&](sim::InputFile& input) { input.path = rename(input.resolve()); };
  word(scenario.model, root.at("model"), "llms");
  const reader::Node fleet = root.at("fleet");
  if (fleet.has("fabric")) word(scenario.fleet.fabric.flow_text, fleet.at("fabric"));
  for (std::size_t i = 0; i < scenario.fleet.pools.size(); ++i) {
    const reader::Node pool = fleet.at("pools")[i];
    word(scenario.fleet.pools[i].system, pool.at("system"));
    if (pool.has("price")) word(scenario.fleet.pools[i].price.name, pool.at("price"), "prices");
  }
  for (std::size_t i = 0; i < scenario.serving.size(); ++i) {
    const reader::Node group = root.at("serving")[i];
    if (scenario.serving[i].model) word(*scenario.serving[i].model, group.at("model"), "llms");
    if (group.has("engine")) word(scenario.serving[i].engine, group.at("engine"), "engines");
    if (group.has("calibration")) word(scenario.serving[i].calibration, group.at("calibration"));
  }
  const auto load = [&](sim::LoadSpec& spec) {
    for (auto* lengths : {&spec.input_tokens, &spec.output_tokens}) {
      if (!*lengths) continue;
      if (auto* empirical = std::get_if<sim::EmpiricalLength>(&**lengths)) file(empirical->path);
    }
    if (spec.trace) file(spec.trace->path);
  };
  load(scenario.workload);
  if (!scenario.workload.tenants) return;
  for (std::size_t i = 0; i < scenario.workload.tenants->size(); ++i) {
    sim::TenantSpec& tenant = (*scenario.workload.tenants)[i];
    if (tenant.model) word(*tenant.model, root.at("workload").at("tenants")[i].at("model"), "llms");
    load(tenant);
  }
}

/// What stands for a file in the hash. The points of a sweep name the same files: each is read once while it stays as
/// it is.
std::string identity(const std::string& path) {
  const fs::path named = fs::is_directory(path) ? fs::path(path) / "config.json" : fs::path(path);
  std::error_code ignored;
  const auto size = fs::file_size(named, ignored);
  const bool missing = static_cast<bool>(ignored);
  static std::map<std::tuple<std::string, std::uintmax_t, fs::file_time_type>, std::string> known;
  std::string& found = known[{named.string(), size, fs::last_write_time(named, ignored)}];
  if (!found.empty()) return found;
  std::ifstream file(named, std::ios::binary);
  std::string start(missing ? 0 : std::min<std::uintmax_t>(size, kHashedBytes), '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  found = fmt::format("{} bytes, sha256 {}", size, sha256_hex(start));
  return found;
}

/// Whether `path` is a file with such a state.
bool read_state(const std::string& path, FileState& into) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  into = {path, fs::file_size(path, error), fs::last_write_time(path, error)};
  return !error;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&context, digest.size(), digest.data());
  std::string hex;
  for (const std::uint8_t byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

sim::Scenario with_absolute_paths(sim::Scenario scenario, const reader::Document& document) {
  rename_files(scenario, document.root(),
               [](const std::string& path) { return fs::absolute(path).lexically_normal().string(); });
  return scenario;
}

std::vector<FileState> states_of_traces(const sim::Scenario& scenario) {
  std::vector<FileState> states;
  for (const sim::LoadSpec* load : scenario.workload.loads()) {
    FileState state;
    if (load->trace && read_state(load->trace->path.resolve(), state)) states.push_back(std::move(state));
  }
  return states;
}

void check_unchanged(const std::vector<FileState>& traces) {
  for (const FileState& before : traces) {
    FileState now;
    if (!read_state(before.path, now) || (now.bytes == before.bytes && now.written == before.written)) continue;
    throw std::runtime_error(fmt::format(
        "{}: the trace changed while it was read ({} bytes before, {} now); run again once it stays as it is, or on a "
        "copy",
        before.path, before.bytes, now.bytes));
  }
}

std::string scenario_sha256(sim::Scenario scenario, const reader::Document& document) {
  rename_files(scenario, document.root(), identity);
  return sha256_hex(reader::write_yaml(scenario));
}

}  // namespace flotilla::analysis
