#include "sim/engine/tenant_books.hpp"

namespace flotilla::sim {

namespace {

TokenPair& at(std::vector<TokenPair>& replicas, std::int32_t number) {
  const auto index = static_cast<std::size_t>(number);
  if (index >= replicas.size()) replicas.resize(index + 1);
  return replicas[index];
}

}  // namespace

void TenantBooks::completed_one(const Request& r) {
  ++completed;
  tokens.input += r.input_tokens;
  tokens.output += r.output_tokens;
  cached_tokens += r.cached_tokens;
  // A prompt may be computed where it decodes though others are not.
  (r.replica >= 0 ? at(by_replica, r.replica) : at(by_decode_replica, r.decode_replica)).input += r.input_tokens;
  (r.decode_replica >= 0 ? at(by_decode_replica, r.decode_replica) : at(by_replica, r.replica)).output +=
      r.output_tokens;
}

void TenantBooks::ended(RequestStatus status, bool missed) {
  const bool client = status == RequestStatus::kTimedOut || status == RequestStatus::kCancelled;
  (status == RequestStatus::kRejected ? rejected
   : client                           ? given_up
   : status == RequestStatus::kFailed ? failed
                                      : unfinished) += 1;
  measured_failed += missed ? 1 : 0;
}

void TenantBooks::measured(double ttft_s, double tpot_s, double e2el_s, bool has_tpot, bool is_good) {
  ttft.add(ttft_s);
  if (has_tpot) tpot.add(tpot_s);
  e2el.add(e2el_s);
  good += is_good ? 1 : 0;
}

}  // namespace flotilla::sim
