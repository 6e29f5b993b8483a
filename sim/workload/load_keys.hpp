// The keys of a load, declared once for all that have one: the workload and each of its tenants. In parts, because keys
// of their own stand between them.
#pragma once

#include "scenarios/reader/schema.hpp"
#include "sim/workload/spec.hpp"

namespace flotilla::sim {

template <class W>
void add_rate_key(reader::Schema<W>& schema) {
  schema.key("request_rate", &W::request_rate,
             "requests per second; inf with max_concurrency is a closed loop, inf alone sends all at the start",
             {.min = 0, .above_min = true, .may_be_infinite = true, .unit = "1/s", .default_text = "the trace's"});
}

template <class W>
void add_arrival_and_length_keys(reader::Schema<W>& schema) {
  schema.key("arrivals", &W::arrivals, "how requests are spread in time", {.default_text = "poisson"})
      .key("burstiness", &W::burstiness, "short for arrivals: {gamma: {burstiness: ...}}",
           {.min = 1e-4, .max = 1e6, .default_text = "1: poisson"})
      .key("wave", &W::wave, "the rate follows a day", {.default_text = "none: the rate is the same throughout"})
      .key("input_tokens", &W::input_tokens, "length of prompts",
           {.unit = "tokens", .aliases = {"isl", "random_input_len"}, .default_text = "the trace's"})
      .key("output_tokens", &W::output_tokens, "length of answers",
           {.unit = "tokens", .aliases = {"osl", "random_output_len"}, .default_text = "the trace's"});
}

template <class W>
void add_text_and_end_keys(reader::Schema<W>& schema) {
  schema.key("shared_prefix", &W::shared_prefix, "text that prompts have in common", {.default_text = "none"})
      .key("sessions", &W::sessions, "prompts that go on where earlier ones ended", {.default_text = "none"})
      .key("num_prompts", &W::num_prompts, "how many requests",
           {.min = 1, .default_text = "as many as arrive within duration"})
      .key("duration", &W::duration, "how long requests arrive",
           {.min = 0, .above_min = true, .default_text = "until num_prompts have arrived"});
}

template <class W>
void add_trace_key(reader::Schema<W>& schema) {
  schema.key("trace", &W::trace, "requests recorded elsewhere, instead of generated ones", {.default_text = "none"});
}

}  // namespace flotilla::sim
