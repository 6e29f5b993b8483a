// What clients do while they wait: they give up after a time, try again after another, or call off what they asked for.
// All of them behave alike; what each does is drawn for it from a named random stream.
//
// A client that gives up is counted at once. What its request still gets from the fleet is lost: if the server notices
// that the client is gone, it stops at the end of the step under way; else it is computed to its end for nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <vector>

#include "sim/engine/clock.hpp"
#include "sim/engine/request.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {

/// Times in seconds.
struct ClientHabits {
  double timeout = std::numeric_limits<double>::infinity();              ///< for the whole answer, of each attempt
  double first_token_timeout = std::numeric_limits<double>::infinity();  ///< for its first token
  int max_retries = 0;                                                   ///< after a timeout, or when turned away
  double backoff = 0;                                                    ///< before the first retry
  double backoff_factor = 2;  ///< each further one waits so many times longer
  double max_backoff = std::numeric_limits<double>::infinity();
  double jitter = 0;           ///< share of a wait that is left to chance: it is taken off by up to so much
  double cancel_share = 0;     ///< of requests that are called off, if they are not answered before
  double cancel_after = 0;     ///< in the mean, exponentially distributed
  bool server_notices = true;  ///< that a client is gone

  [[nodiscard]] bool matter() const {
    return timeout < std::numeric_limits<double>::infinity() ||
           first_token_timeout < std::numeric_limits<double>::infinity() || max_retries > 0 || cancel_share > 0;
  }
};

enum class ClientEvent { kTimedOut, kCancelled, kTriesAgain };

class Clients {
 public:
  /// Takes its slot here: make it before the replicas.
  Clients(const ClientHabits& habits, std::uint64_t seed, RequestPool& pool, Clock& clock);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  /// Called when a client's patience is over, or when it tries again.
  void on_event(std::function<void(RequestHandle, ClientEvent, double now)> callback) { tell_ = std::move(callback); }
  /// An attempt begins.
  void sent(RequestHandle handle, double now);
  /// When a client whose attempt has come to nothing now tries again; empty if it does not.
  [[nodiscard]] std::optional<double> next_attempt(RequestHandle handle, double now);
  /// It does so then.
  void try_again(RequestHandle handle, double date);
  /// Nothing is in flight any more.
  void close();
  [[nodiscard]] const ClientHabits& habits() const { return habits_; }
  [[nodiscard]] std::int64_t retries() const { return retries_; }

 private:
  enum class Kind : std::uint8_t { kTimeout, kFirstToken, kCancel, kAgain };
  struct Date {
    double at;
    std::uint64_t order;
    std::int64_t id;
    RequestHandle handle;
    std::int32_t attempts;
    Kind kind;
    bool operator>(const Date& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  void add(double at, RequestHandle handle, Kind kind);
  [[nodiscard]] bool stale(const Date& date) const;
  void due(double now);

  ClientHabits habits_;
  RequestPool& pool_;
  Clock& clock_;
  int slot_;
  RandomEngine cancellations_;
  RandomEngine waits_;
  std::priority_queue<Date, std::vector<Date>, std::greater<>> dates_;
  std::uint64_t order_ = 0;
  std::int64_t retries_ = 0;
  std::function<void(RequestHandle, ClientEvent, double)> tell_;
};

}  // namespace flotilla::sim
