// What happens to one request, and why: each decision about it, with the numbers that whoever decided saw. Nobody
// writes it unless it is asked for; then those who handle a request ask first whether it is this one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sim/engine/request.hpp"

namespace flotilla::sim {

class Story {
 public:
  struct Line {
    double at;  ///< s
    std::string text;
  };
  explicit Story(std::int64_t request) : request_(request) {}

  [[nodiscard]] bool is_about(const Request& r) const { return r.id == request_; }
  [[nodiscard]] std::int64_t request() const { return request_; }
  void tell(double now, std::string text) { lines_.push_back({now, std::move(text)}); }

  /// It waits for a reason that lasts over steps: told when it begins to hold, and how long it held when another does.
  void waits(double now, const std::string& reason);
  void waits_no_more(double now);
  /// While it decodes: a step that it shared with others' prompts, and how long that took.
  void shared_a_step(double seconds, std::int64_t prompt_tokens);
  /// Such steps so far, those included that computed prompts alone; seconds, and tokens of those prompts.
  [[nodiscard]] std::int64_t shared_steps() const { return shared_steps_; }
  [[nodiscard]] double shared_seconds() const { return shared_seconds_; }
  [[nodiscard]] std::int64_t shared_prompt_tokens() const { return shared_tokens_; }

  [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }

 private:
  std::int64_t request_;
  std::vector<Line> lines_;
  std::string reason_;
  double since_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t shared_steps_ = 0;
  double shared_seconds_ = 0;
  std::int64_t shared_tokens_ = 0;
};

}  // namespace flotilla::sim
