// A trace drawn by a whole run: its times are those of requests.csv, and it changes nothing.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;

namespace {

const std::vector<std::string> kWords{"workload.num_prompts=300", "workload.request_rate=20"};

nlohmann::json drawn(const std::string& folder, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"run",     shipped("migration/h100"), "-o", folder, "--save-detailed",
                                 "--trace", folder + "/trace.json"};
  words.insert(words.end(), kWords.begin(), kWords.end());
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = command(words);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return nlohmann::json::parse(contents(folder + "/trace.json"));
}

}  // namespace

TEST_CASE("a request begins and ends where its row says, and no two steps of a replica overlap") {
  const Folder folder;
  const nlohmann::json trace = drawn(folder / "out");
  std::map<int, std::pair<double, double>> requests;  // by id, in microseconds
  std::map<int, double> busy_until;                   // by replica
  for (const auto& e : trace["traceEvents"]) {
    if (e["ph"] == "X") {
      double& until = busy_until[e["pid"]];
      CHECK(e["ts"].get<double>() >= until - 5e-4);
      until = e["ts"].get<double>() + e["dur"].get<double>();
    } else if (e["name"] == "request") {
      (e["ph"] == "b" ? requests[e["id"]].first : requests[e["id"]].second) = e["ts"];
    }
  }
  CHECK(requests.size() == 300);
  std::istringstream rows(contents(folder / "out/requests.csv"));
  std::string row;
  std::getline(rows, row);
  while (std::getline(rows, row)) {
    std::vector<std::string> cells;
    std::istringstream line(row);
    for (std::string cell; std::getline(line, cell, ',');) cells.push_back(cell);
    const auto& [begin, end] = requests.at(std::stoi(cells[0]));
    CHECK(std::abs(begin - 1e6 * std::stod(cells[4])) <= 1e-3);
    CHECK(std::abs(end - 1e6 * std::stod(cells[7])) <= 1e-3);
  }
}

TEST_CASE("with and without a trace, jumping and walking: the same bytes") {
  const Folder folder;
  drawn(folder / "a");
  drawn(folder / "b", {"--step-by-step"});
  CHECK(contents(folder / "a/trace.json") == contents(folder / "b/trace.json"));
  std::vector<std::string> words{"run", shipped("migration/h100"), "-o", folder / "c", "--save-detailed"};
  words.insert(words.end(), kWords.begin(), kWords.end());
  REQUIRE(command(words).code == 0);
  CHECK(contents(folder / "a/requests.csv") == contents(folder / "c/requests.csv"));
}
