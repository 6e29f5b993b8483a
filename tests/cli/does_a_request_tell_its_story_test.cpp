// flotilla run --explain: what happened to one request, and why.
#include <doctest/doctest.h>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;

namespace {

Outcome explain(const std::string& id, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"run", std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/policies/chunking.yaml",
                                 "workload.num_prompts=200", "--explain", id};
  words.insert(words.end(), more.begin(), more.end());
  return command(words);
}

}  // namespace

TEST_CASE("a request's story begins with its arrival and ends with its last token") {
  const Outcome told = explain("100");
  CHECK(told.code == 0);
  const std::string story = told.out.substr(told.out.find("What happened to request 100"));
  for (const char* const part :
       {"arrives: ", "sent to replica 0 with ", "in the queue behind ", "step of ", "last of "})
    CHECK_MESSAGE(contains(story, part), part);
  CHECK(story.find("arrives") < story.find("last of"));
}

TEST_CASE("it says why a request waits") {
  const Outcome told = explain("150", {"serving[0].scheduler.max_num_seqs=2"});
  CHECK(contains(told.out, "waits: "));
  CHECK(contains(told.out, "max_num_seqs (2) sequences run"));
  CHECK(contains(told.out, "that lasted "));
}

TEST_CASE("it says that a client gave up, and why a gate is shut") {
  const Outcome gave_up =
      explain("150", {"serving[0].scheduler.max_num_seqs=2", "clients={first_token_timeout: 2s, max_retries: 1}"});
  CHECK(contains(gave_up.out, "its client gives up"));
  CHECK(contains(gave_up.out, "its client tries again, attempt 2"));
  const Outcome shut = explain("150", {"gateway={limits: [{max_outstanding: 0}]}"});
  CHECK(contains(shut.out, "turned away: "));
}

TEST_CASE("a run is the same with and without it") {
  const auto rows = [](const std::vector<std::string>& more) {
    const Folder folder;
    std::vector<std::string> words{"run",
                                   std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/policies/chunking.yaml",
                                   "workload.num_prompts=200",
                                   "-o",
                                   folder.path().string(),
                                   "--save-detailed"};
    words.insert(words.end(), more.begin(), more.end());
    CHECK(command(words).code == 0);
    return contents((folder.path() / "requests.csv").string());
  };
  CHECK(rows({}) == rows({"--explain", "100"}));
}

TEST_CASE("a request that never came has no story") {
  CHECK(contains(explain("200").out, "Request 200 never came"));
  CHECK(explain("-1").code == 2);
  CHECK(explain("first").code == 2);
}
