#include <fmt/format.h>

#include "scenarios/reader/schema_base.hpp"

namespace flotilla::reader {
namespace {

constexpr const char* kHowValuesAreWritten = R"(## How values are written

- Integers: `20000`, `20_000`, `2e4` or `20000.0`. Numbers in quotes are text.
- Times have a unit: `ns us ms s min h d`. Bytes: `B kB MB GB TB`, `KiB MiB GiB TiB`, and bits as `Gb`. Bandwidths: `GBps` (bytes),
  `Gbps` (bits), also `GB/s`. Operations per second: `TF`, `TFLOPS`. Power: `W kW`. Only 0 needs no unit.
- `true` and `false`; `yes` and `no` are text. `null` leaves an optional value out.
- `inf` only where the table says so.
- Every key may also be given on the command line: `workload.request_rate=60`, `serving[0].replicas=3`.
)";

std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  return escaped;
}

std::string default_cell(const KeyInfo& key, const Written& value) {
  if (key.rules.required) return "required";
  if (!key.rules.default_text.empty()) return key.rules.default_text;
  if (value.kind == Written::Kind::kAbsent) return "none";
  SchemaList nested;
  key.nested(nested);
  if (value.kind == Written::Kind::kMapping && !nested.empty()) return "its own defaults";
  return fmt::format("`{}`", to_flow(value));
}

std::string key_cell(const KeyInfo& key) {
  std::string text = fmt::format("`{}`", key.name);
  for (const auto& alias : key.rules.aliases) text += fmt::format(", also `{}`", alias);
  return text;
}

std::string range_cell(const KeyInfo& key) {
  const std::string range = key.range_text(key.rules);
  if (!key.rules.may_be_infinite) return range;
  return fmt::format("{}{}", range, range.empty() ? "or `inf`" : ", or `inf`");
}

std::string table(const SchemaBase& schema) {
  std::string text = fmt::format("## `{}`\n\n{}\n\n", schema.title(), schema.help());
  text += "| key | type | unit | default | range | help |\n|---|---|---|---|---|---|\n";
  const auto defaults = schema.default_object();
  for (const auto& key : schema.keys()) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", cell(key_cell(key)), cell(key.type_text()),
                        cell(key.rules.unit), cell(default_cell(key, key.written(defaults.get()))),
                        cell(range_cell(key)), cell(key.help));
  }
  return text;
}

}  // namespace

std::string reference_page(const SchemaBase& schema) {
  SchemaList all;
  schema.collect(all);
  std::string page;
  for (const auto* part : all) page += fmt::format("{}{}", page.empty() ? "" : "\n", table(*part));
  return page + "\n" + kHowValuesAreWritten;
}

}  // namespace flotilla::reader
