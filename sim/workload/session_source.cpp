#include "sim/workload/session_source.hpp"

#include <algorithm>

namespace flotilla::sim {

namespace {

/// Beyond this no model goes; a conversation ends where it would.
constexpr std::int64_t kLongest = 100'000'000;

}  // namespace

SessionSource::SessionSource(const LoadSpec& spec, std::uint64_t seed)
    : arrivals_(spec.arrival_process(), spec.request_rate.value() / LengthSampler(spec.sessions->turns).mean(),
                make_stream(seed, "arrivals")),
      input_(spec.input_tokens.value()),
      output_(spec.output_tokens.value()),
      turns_(spec.sessions->turns),
      think_time_(spec.sessions->think_time.value()),
      input_engine_(make_stream(seed, "input_tokens")),
      output_engine_(make_stream(seed, "output_tokens")),
      session_engine_(make_stream(seed, "sessions")),
      names_(spec, seed),
      last_id_(spec.num_prompts.value_or(std::numeric_limits<std::int64_t>::max())),
      end_(spec.duration.value_or(Seconds(std::numeric_limits<double>::infinity())).value()),
      next_session_(arrivals_.next()) {}

void SessionSource::begin_session() {
  due_.push(
      {next_session_, sessions_++, 0, std::max<std::int32_t>(1, turns_.draw(session_engine_)), names_.draw_prefix()});
  next_session_ = arrivals_.next();
}

bool SessionSource::next(ArrivingRequest& request) {
  if (next_id_ == last_id_) return false;
  while (due_.empty() || next_session_ <= due_.top().at) begin_session();
  Turn turn = due_.top();
  due_.pop();
  if (turn.at >= end_) {
    last_id_ = next_id_;
    return false;
  }
  request.id = next_id_++;
  request.arrival = turn.at;
  request.input_tokens = names_.prefix_tokens() + turn.said + input_.draw(input_engine_);
  request.output_tokens = output_.draw(output_engine_);
  request.session = turn.session;
  request.tenant = -1;
  const std::int64_t all = std::int64_t{request.input_tokens} + request.output_tokens;
  request.named_tokens = all;
  names_.fill(turn.prefix, turn.session, all, request.hash_ids);
  if (--turn.left > 0 && all < kLongest) {
    turn.said = static_cast<std::int32_t>(all) - names_.prefix_tokens();
    turn.at += think_time_ * draw_exponential(session_engine_);
    due_.push(turn);
  }
  return true;
}

}  // namespace flotilla::sim
