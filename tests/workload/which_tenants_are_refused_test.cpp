// Mistakes in the list of tenants: each is told at its place, with what would be right.
#include <doctest/doctest.h>

#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

const std::string kLoad = "request_rate: 5, input_tokens: 8, output_tokens: 4, num_prompts: 9";

struct Mistake {
  std::string yaml;
  std::string where;  ///< line:column
  std::string message;
  std::string hint;
};

}  // namespace

TEST_CASE("a mistake among tenants is told where it stands") {
  const std::string chat = "tenants:\n- {name: chat, " + kLoad + "}\n";
  const std::vector<Mistake> mistakes{
      {chat + "- {name: chat, " + kLoad + "}\n", "3:10", "two tenants are called 'chat'",
       "the other is at scenario.yaml:2"},
      {chat + "request_rate: 50\n", "3:15", "request_rate and tenants: each tenant has a load of its own",
       "move request_rate into the tenants"},
      {chat + "isl: 50\n", "3:6", "isl and tenants", "move isl"},
      {chat + "trace: {path: t.csv}\n", "3:8", "trace and tenants", "move trace"},
      {"tenants: []\n", "1:10", "the list of tenants is empty", "at least one"},
      {"tenants:\n- {" + kLoad + "}\n", "2:3", "name", ""},
      {"tenants:\n- {name: '', " + kLoad + "}\n", "2:10", "a tenant needs a name", "name: chat"},
      {"tenants:\n- {name: chat, request_rate: 5}\n", "2:3", "input_tokens is missing", "800"},
      {"tenants:\n- {name: chat, prioritty: 5, " + kLoad + "}\n", "2:16", "prioritty", "did you mean 'priority'?"},
      {"tenants:\n- {name: chat, warmup: 5s, " + kLoad + "}\n", "2:16", "warmup", ""},
      {"tenants:\n- {name: chat, request_rate: inf, input_tokens: 8, output_tokens: 4, duration: 9s}\n", "2:80",
       "all requests arrive at the start", "num_prompts instead, or a finite rate"},
      {"max_concurrency: 3\ntenants:\n- {name: chat, sessions: {turns: 3, think_time: 1s}, " + kLoad + "}\n", "3:26",
       "their turns come by the clock", "no max_concurrency"},
      {"prefix_cache_hit_rate: 0.5\ntenants:\n- {name: chat, shared_prefix: {tokens: 30}, " + kLoad + "}\n", "3:31",
       "what is found in the cache is simulated", "remove"},
      {"warmup: 9s\ntenants:\n- {name: chat, request_rate: 5, input_tokens: 8, output_tokens: 4, duration: 9s}\n",
       "1:9", "the warm-up is as long as the whole load (9s)", ""},
  };
  for (const Mistake& m : mistakes) {
    CAPTURE(m.yaml);
    const std::string error = error_of([&] { workload(m.yaml); });
    CAPTURE(error);
    CHECK(contains(error, "scenario.yaml:" + m.where + ":"));
    CHECK(contains(error, m.message));
    CHECK(contains(error, m.hint));
  }
}

TEST_CASE("what all tenants share may stand beside them") {
  CHECK_NOTHROW(
      workload("max_concurrency: 3\nwarmup: 2s\nrequest_rate: null\ntenants:\n- {name: chat, " + kLoad + "}\n"));
}
