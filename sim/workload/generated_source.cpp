#include "sim/workload/generated_source.hpp"

namespace flotilla::sim {

GeneratedSource::GeneratedSource(const LoadSpec& spec, std::uint64_t seed)
    : arrivals_(spec.arrival_process(), spec.request_rate.value(), make_stream(seed, "arrivals")),
      input_(spec.input_tokens.value()),
      output_(spec.output_tokens.value()),
      input_engine_(make_stream(seed, "input_tokens")),
      output_engine_(make_stream(seed, "output_tokens")),
      names_(spec, seed),
      last_id_(spec.num_prompts.value_or(std::numeric_limits<std::int64_t>::max())),
      end_(spec.duration.value_or(Seconds(std::numeric_limits<double>::infinity())).value()) {}

bool GeneratedSource::next(ArrivingRequest& request) {
  if (next_id_ == last_id_) return false;
  const double arrival = arrivals_.next();
  if (arrival >= end_) {
    last_id_ = next_id_;
    return false;
  }
  request.id = next_id_++;
  request.arrival = arrival;
  request.input_tokens = names_.prefix_tokens() + input_.draw(input_engine_);
  request.output_tokens = output_.draw(output_engine_);
  request.session = -1;
  request.tenant = -1;
  request.hash_ids.clear();
  if (names_.prefix_tokens() == 0) return true;
  request.named_tokens = request.input_tokens;
  names_.fill(names_.draw_prefix(), request.id, request.input_tokens, request.hash_ids);
  return true;
}

}  // namespace flotilla::sim
