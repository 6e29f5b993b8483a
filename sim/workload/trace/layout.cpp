#include "sim/workload/trace/layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "scenarios/reader/node.hpp"
#include "sim/workload/trace/format.hpp"

namespace flotilla::sim {
namespace {

constexpr std::size_t kHeadBytes = 64 * 1024;
constexpr std::size_t kHeadLines = 64;

/// The first lines of a file that are not blank, as far as they are in the reader's buffer.
struct Head {
  std::vector<std::string_view> lines;
  int first_number = 1;  ///< of lines[0]
};

Head head_of(const LineReader& lines) {
  Head head;
  std::string_view text = lines.peek(kHeadBytes);
  for (int number = 1; !text.empty() && head.lines.size() < kHeadLines; ++number) {
    const std::size_t stop = text.find('\n');
    std::string_view line = text.substr(0, stop);
    text = stop == std::string_view::npos ? std::string_view{} : text.substr(stop + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (head.lines.empty()) head.first_number = number;
    head.lines.push_back(line);
  }
  return head;
}

[[noreturn]] void fail(const LineReader& lines, const Head& head, const std::string& message, const std::string& hint) {
  throw InputError({lines.path(), head.first_number, 1, std::string(head.lines.front())}, "", message, hint);
}

/// The names under which a field is looked for: the user's alone, if given.
FieldNames names_of(const FormatInfo& info, const TraceSpec& spec) {
  const TraceColumns columns = spec.columns.value_or(TraceColumns{});
  FieldNames names = info.names;
  const PerField<const std::optional<std::string>*> given{&columns.timestamp,     &columns.input_tokens,
                                                          &columns.output_tokens, &columns.session,
                                                          &columns.tenant,        &columns.hash_ids};
  for (std::size_t f = 0; f < kFields; ++f) {
    if (*given[f]) names[f] = {**given[f]};
  }
  return names;
}

bool needed(Field field, const TraceSpec& spec) {
  return field == Field::kInputTokens || field == Field::kOutputTokens ||
         (field == Field::kTimestamp && spec.arrivals == TraceArrivals::kRecorded) ||
         (field == Field::kSession && (spec.hash_scope == HashScope::kSession || spec.conversations));
}

bool named_by_user(Field field, const FormatInfo& info, const FieldNames& names) {
  return names[index(field)] != info.names[index(field)];
}

[[noreturn]] void fail_no_field(const LineReader& lines, const Head& head, Field field, const FormatInfo& info,
                                const FieldNames& names, const std::vector<std::string>& present) {
  const char* const what = info.json ? "key" : "column";
  if (field == Field::kTimestamp && !named_by_user(field, info, names)) {
    fail(lines, head,
         fmt::format("this trace has no {} with arrival times ({})", what, fmt::join(names[index(field)], ", ")),
         "if it has none at all, set trace.arrivals: generated and a request_rate, and only its lengths are used; "
         "if it has another name: columns: {timestamp: ...}");
  }
  const std::string wanted = names[index(field)].front();
  const std::string near = reader::did_you_mean(wanted, present);
  fail(lines, head,
       fmt::format("no {} '{}' for the {} in this {} trace", what, wanted, to_text(field), to_text(info.format)),
       fmt::format("{}the {}s are: {}; name the right one with columns: {{{}: ...}}",
                   near.empty() ? "" : fmt::format("did you mean '{}'? ", near), what, fmt::join(present, ", "),
                   to_text(field)));
}

// --- CSV

char delimiter_of(std::string_view line) {
  char best = ',';
  for (const char c : {';', '\t'}) {
    if (std::count(line.begin(), line.end(), c) > std::count(line.begin(), line.end(), best)) best = c;
  }
  return best;
}

bool looks_like_data(std::string_view field) {
  std::int64_t time = 0;
  return parse_timestamp(field, TimeUnit::kSeconds, time) == nullptr;
}

/// A position from 1, as a user may give it in place of a name; -1 if `name` is none.
int position_of(const std::string& name, std::size_t columns) {
  int position = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), position);
  const bool good = error == std::errc{} && end == name.data() + name.size() && position >= 1;
  return good && static_cast<std::size_t>(position) <= columns ? position - 1 : -1;
}

bool all_by_position(const TraceSpec& spec, const FieldNames& names, std::size_t columns) {
  for (const Field field : {Field::kTimestamp, Field::kInputTokens, Field::kOutputTokens}) {
    if (needed(field, spec) && (names[index(field)].empty() || position_of(names[index(field)].front(), columns) < 0))
      return false;
  }
  return true;
}

/// Names for the columns of a file without a header.
std::vector<std::string_view> assumed_header(const TraceSpec& spec, const FormatInfo& info, const FieldNames& names,
                                             std::size_t columns, const LineReader& lines, const Head& head) {
  if (all_by_position(spec, names, columns)) return std::vector<std::string_view>(columns);
  for (const auto& order : info.headerless) {
    if (order.size() == columns) return {order.begin(), order.end()};
  }
  fail(
      lines, head, fmt::format("no header line, and {} columns whose meaning is not known", columns),
      "give their positions, from 1: columns: {timestamp: 1, input_tokens: 2, output_tokens: 3}, or add a header line");
}

CsvColumns find_columns(const TraceSpec& spec, const FormatInfo& info, const std::vector<std::string_view>& header,
                        const LineReader& lines, const Head& head) {
  const FieldNames names = names_of(info, spec);
  CsvColumns columns;
  columns.fill(-1);
  for (std::size_t f = 0; f < kFields; ++f) {
    const auto field = static_cast<Field>(f);
    if (names[f].empty() || field == Field::kHashIds) continue;
    columns[f] = find_column(header, names[f]);
    if (columns[f] < 0) columns[f] = position_of(names[f].front(), header.size());
    if (columns[f] < 0 && (needed(field, spec) || named_by_user(field, info, names))) {
      fail_no_field(lines, head, field, info, names, {header.begin(), header.end()});
    }
  }
  return columns;
}

TraceFormat detect_csv(const std::vector<std::string_view>& first, bool has_header) {
  if (has_header) return format_of_header(first);
  return first.size() == 3 && first[0].find(':') != std::string_view::npos ? TraceFormat::kAzure : TraceFormat::kCsv;
}

void choose_unit(const TraceSpec& spec, TimeUnit usual, std::string_view first_timestamp, TraceLayout& layout) {
  layout.unit = spec.time_unit.value_or(usual);
  if (spec.time_unit || first_timestamp.find(':') != std::string_view::npos) return;
  const TimeUnit by_size = unit_by_size(first_timestamp);
  layout.unit_detected = by_size > usual;
  if (layout.unit_detected) layout.unit = by_size;
}

TraceLayout csv_layout(const TraceSpec& spec, LineReader& lines, const Head& head) {
  TraceLayout layout;
  const char delimiter = delimiter_of(head.lines.front());
  std::vector<std::string_view> header = split_csv(head.lines.front(), delimiter);
  const bool has_header = std::none_of(header.begin(), header.end(), looks_like_data);
  layout.format_detected = spec.format == TraceFormat::kAuto;
  layout.format = layout.format_detected ? detect_csv(header, has_header) : spec.format;
  const FormatInfo& info = format_info(layout.format);
  if (has_header) {
    layout.header = head.lines.front();
  } else {
    header = assumed_header(spec, info, names_of(info, spec), header.size(), lines, head);
  }
  const CsvColumns columns = find_columns(spec, info, header, lines, head);

  const std::size_t first_data = has_header ? 1 : 0;
  std::string_view first_timestamp;
  if (columns[index(Field::kTimestamp)] >= 0 && head.lines.size() > first_data) {
    const auto fields = split_csv(head.lines[first_data], delimiter);
    const auto column = static_cast<std::size_t>(columns[index(Field::kTimestamp)]);
    if (column < fields.size()) first_timestamp = fields[column];
  }
  choose_unit(spec, info.unit, first_timestamp, layout);
  layout.parser = make_csv_parser(columns, delimiter, {layout.unit, needed(Field::kTimestamp, spec)});
  std::string_view skipped;
  while (has_header && lines.line_number() < head.first_number) lines.next(skipped);
  return layout;
}

// --- JSONL

/// The value of the first of `names` in a line of JSON.
std::string_view value_of(std::string_view line, const std::vector<std::string>& names) {
  const auto pairs = split_json(line);
  for (const std::string& name : names) {
    for (const auto& [key, value] : pairs) {
      if (key == name) return value;
    }
  }
  return {};
}

bool any_line_has(const Head& head, const std::vector<std::string>& names) {
  return std::any_of(head.lines.begin(), head.lines.end(),
                     [&](std::string_view line) { return value_of(line, names).data() != nullptr; });
}

/// Mooncake's keys are our own, but its times are milliseconds: only what tells them apart for certain decides.
TraceFormat detect_jsonl(const TraceSpec& spec, const LineReader& lines, const Head& head) {
  const TraceColumns columns = spec.columns.value_or(TraceColumns{});
  const bool renamed = columns.timestamp || columns.input_tokens || columns.output_tokens;
  const auto& names = format_info(TraceFormat::kMooncake).names;
  const auto timestamp = names[index(Field::kTimestamp)];
  const bool mooncake_keys = any_line_has(head, timestamp) && any_line_has(head, names[index(Field::kInputTokens)]);
  const bool whole_times = std::none_of(head.lines.begin(), head.lines.end(), [&](std::string_view line) {
    return value_of(line, timestamp).find_first_of(".:eE") != std::string_view::npos;
  });
  const bool recorded = spec.arrivals == TraceArrivals::kRecorded;
  if (renamed || !mooncake_keys || !whole_times || spec.time_unit || !recorded) return TraceFormat::kJsonl;
  if (any_line_has(head, names[index(Field::kHashIds)])) return TraceFormat::kMooncake;
  fail(lines, head,
       "the times may be milliseconds (format: mooncake) or seconds (format: jsonl): this file does not show which",
       "set trace.format, or trace.time_unit");
}

TraceLayout jsonl_layout(const TraceSpec& spec, const LineReader& lines, const Head& head) {
  TraceLayout layout;
  layout.format_detected = spec.format == TraceFormat::kAuto;
  layout.format = layout.format_detected ? detect_jsonl(spec, lines, head) : spec.format;
  const FormatInfo& info = format_info(layout.format);
  const FieldNames names = names_of(info, spec);
  const auto pairs = split_json(head.lines.front());
  std::vector<std::string> present;
  for (const auto& [key, value] : pairs) present.emplace_back(key);
  for (std::size_t f = 0; f < kFields; ++f) {
    const auto field = static_cast<Field>(f);
    const bool expected = needed(field, spec) || named_by_user(field, info, names);
    if (expected && !pairs.empty() && !any_line_has(head, names[f]))
      fail_no_field(lines, head, field, info, names, present);
  }
  choose_unit(spec, info.unit, value_of(head.lines.front(), names[index(Field::kTimestamp)]), layout);
  layout.parser = make_jsonl_parser(names, {layout.unit, needed(Field::kTimestamp, spec)});
  return layout;
}

}  // namespace

TraceLayout find_layout(const TraceSpec& spec, LineReader& lines) {
  const Head head = head_of(lines);
  if (head.lines.empty()) throw InputError({lines.path(), 0, 0, ""}, "", "no line of this file holds text");
  const char first = head.lines.front().front();
  const bool json_wanted = spec.format != TraceFormat::kAuto && format_info(spec.format).json;
  if (first == '[') fail(lines, head, "a JSON list; a trace has one object per line", "convert it with: jq -c '.[]'");
  if (spec.format == TraceFormat::kAuto)
    return first == '{' ? jsonl_layout(spec, lines, head) : csv_layout(spec, lines, head);
  if (first == '{' && !json_wanted) {
    fail(lines, head, fmt::format("this file holds JSON, not {}", to_text(spec.format)),
         "set trace.format: jsonl, mooncake or auto");
  }
  if (first != '{' && json_wanted && looks_like_data(split_csv(head.lines.front(), ',').front())) {
    fail(lines, head, fmt::format("this file holds CSV, not {}", to_text(spec.format)),
         "set trace.format: csv or auto");
  }
  return json_wanted ? jsonl_layout(spec, lines, head) : csv_layout(spec, lines, head);
}

}  // namespace flotilla::sim
