// Traces, in every format and in whatever format they seem to have.
#include "scenarios/reader/error.hpp"
#include "sim/workload/trace/trace_reader.hpp"
#include "tests/fuzz/file_of.hpp"
#include "tests/fuzz/target.hpp"

void flotilla::fuzz::read(std::string text) {
  const FileOf file(text);
  for (const auto& [format, name] : sim::enum_names(sim::TraceFormat::kAuto)) {
    sim::TraceSpec spec;
    spec.format = format;
    spec.path.path = file.path();
    try {
      sim::TraceReader rows(spec);
      sim::TraceRow row;
      while (rows.next(row)) {
      }
    } catch (const InputError&) {  // the other formats have their turn
    }
  }
}
