// Sessions and shared prefixes: each prompt is what was said before and something new, and its names say so.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/workload/load.hpp"

using namespace flotilla::sim;

namespace {

std::vector<ArrivingRequest> all_of(const std::string& yaml, std::uint64_t seed = 1) {
  const auto source = make_source(workload(yaml), seed);
  std::vector<ArrivingRequest> all;
  for (ArrivingRequest r; source->next(r);) all.push_back(r);
  return all;
}

/// Leading names in common.
std::size_t common(const ArrivingRequest& a, const ArrivingRequest& b) {
  const auto end = std::mismatch(a.hash_ids.begin(), a.hash_ids.end(), b.hash_ids.begin(), b.hash_ids.end());
  return static_cast<std::size_t>(end.first - a.hash_ids.begin());
}

}  // namespace

TEST_CASE("a turn brings all that was said before, in the order of time, at the rate given") {
  const auto requests = all_of(
      "{request_rate: 10, input_tokens: {uniform: [20, 60]}, output_tokens: {uniform: [10, 90]}, num_prompts: 4000, "
      "sessions: {turns: {uniform: [1, 5]}, think_time: 8s}}");
  REQUIRE(requests.size() == 4000);
  std::map<std::int64_t, ArrivingRequest> before;
  std::map<std::int64_t, int> turns;
  double last = 0, gaps = 0;
  int followers = 0;
  for (const ArrivingRequest& r : requests) {
    CHECK(r.arrival >= last);
    last = r.arrival;
    CHECK(r.named_tokens == r.input_tokens + r.output_tokens);
    const auto known = before.find(r.session);
    if (known == before.end()) {
      CHECK(r.input_tokens <= 60);
    } else {
      const ArrivingRequest& b = known->second;
      const int added = r.input_tokens - b.input_tokens - b.output_tokens;
      CHECK(added >= 20);
      CHECK(added <= 60);
      // Whole blocks of what was said; the last one, too, where it had been cut, since the text is the session's.
      CHECK(common(b, r) == b.hash_ids.size());
      gaps += r.arrival - b.arrival;
      ++followers;
    }
    before[r.session] = r;
    ++turns[r.session];
  }
  int most = 0;
  for (const auto& [session, count] : turns) most = std::max(most, count);
  CHECK(most == 5);
  CHECK(gaps / followers == doctest::Approx(8).epsilon(0.06));  // 2,500 of them or so: 2 % a standard deviation
  CHECK(4000 / last == doctest::Approx(10).epsilon(0.06));      // a little less while the first sessions build up
}

TEST_CASE("no two sessions say the same") {
  const auto requests = all_of(
      "{request_rate: 10, input_tokens: 64, output_tokens: 32, num_prompts: 500, sessions: {turns: 2, think_time: "
      "1s}}");
  std::map<std::uint64_t, std::int64_t> whose;
  for (const ArrivingRequest& r : requests) {
    for (const std::uint64_t name : r.hash_ids) {
      const auto [found, is_new] = whose.try_emplace(name, r.session);
      CHECK(found->second == r.session);
    }
  }
}

TEST_CASE("prompts begin with one of a few texts, and share its whole blocks") {
  const auto requests = all_of(
      "{request_rate: 10, input_tokens: 100, output_tokens: 8, num_prompts: 600, shared_prefix: {tokens: 1000, texts: "
      "4}}");
  std::map<std::uint64_t, const ArrivingRequest*> first;
  std::map<std::uint64_t, int> counts;
  for (const ArrivingRequest& r : requests) {
    CHECK(r.input_tokens == 1100);
    CHECK(r.hash_ids.size() == 69);  // 68 whole blocks of 16, and one that is cut
    const auto [found, is_new] = first.try_emplace(r.hash_ids.front(), &r);
    if (!is_new) CHECK(common(*found->second, r) == 62);  // 992 tokens: the 63rd block is only partly the prefix's
    ++counts[r.hash_ids.front()];
  }
  CHECK(first.size() == 4);
  for (const auto& [text, count] : counts) {
    CHECK(count > 100);  // 150 each, standard deviation 10.6
    CHECK(count < 200);
  }
}

TEST_CASE("without either, nothing is named, and lengths are what they were") {
  const std::string plain =
      "request_rate: 10, input_tokens: {uniform: [5, 90]}, output_tokens: {uniform: [5, 90]}, num_prompts: 50";
  const auto a = all_of("{" + plain + "}"), b = all_of("{" + plain + ", shared_prefix: {tokens: 32}}");
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(a[i].hash_ids.empty());
    CHECK(b[i].input_tokens == a[i].input_tokens + 32);
    CHECK(b[i].output_tokens == a[i].output_tokens);
    CHECK(b[i].arrival == a[i].arrival);
  }
}

TEST_CASE("a trace of conversations: prompts of a session begin with what was said in it") {
  const TemporaryFile file("chat.csv",
                           "timestamp,input_tokens,output_tokens,session_id\n"
                           "0,40,30,a\n1,100,20,b\n2,90,10,a\n3,40,30,\n4,40,30,\n");
  const Load l = load_trace(file.path(), ", conversations: true");
  REQUIRE(l.requests.size() == 5);
  CHECK(l.requests[0].named_tokens == 70);
  CHECK(l.requests[0].hash_ids.size() == 5);         // 70 tokens: 4 whole blocks, and one that is cut
  CHECK(common(l.requests[0], l.requests[2]) == 5);  // of the same session, which goes on
  CHECK(common(l.requests[0], l.requests[1]) == 0);
  CHECK(common(l.requests[3], l.requests[4]) == 0);  // of none: nothing is said of their texts
  CHECK(
      contains(error_of([&] { load_trace(file.path(), ", conversations: true, columns: {session: chat}"); }), "chat"));
}
