// A trace drawn by a whole run: its times are those of requests.csv, and it changes nothing.
#include <doctest/doctest.h>

#include <algorithm>
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

TEST_CASE("KV that moves is an arrow from the step that computed the prompt to the replica that decodes it") {
  const Folder folder;
  const Outcome outcome =
      command({"run", shipped("fabric/hgx-prefill-nvl72-decode"), "workload.num_prompts=200", "workload.warmup=0s",
               "-q", "--trace", folder / "trace.json", "-o", folder / "out", "--save-detailed"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const auto trace = nlohmann::json::parse(contents(folder / "trace.json"));
  std::map<int, nlohmann::json> out, in;                         // by request
  std::map<int, std::vector<std::pair<double, double>>> slices;  // by replica
  for (const auto& e : trace["traceEvents"]) {
    if (e["ph"] == "s") out[e["id"]] = e;
    if (e["ph"] == "f") in[e["id"]] = e;
    if (e["ph"] == "X") slices[e["pid"]].emplace_back(e["ts"], e["ts"].get<double>() + e["dur"].get<double>());
  }
  CHECK(out.size() == 200);
  CHECK(in.size() == 200);
  const auto within = [&](const nlohmann::json& e) {
    const double when = e["ts"];
    const auto& all = slices[e["pid"]];
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& s) { return s.first <= when + 1e-3 && when < s.second; });
  };
  std::istringstream rows(contents(folder / "out/requests.csv"));
  std::string head, row;
  std::getline(rows, head);
  const auto column = [&](const std::string& line, const std::string& name) {
    std::istringstream names(head), cells(line);
    std::string cell;
    for (std::string n; std::getline(names, n, ',');) {
      std::getline(cells, cell, ',');
      if (n == name) return std::stod(cell);
    }
    FAIL("no column " << name);
    return 0.0;
  };
  while (std::getline(rows, row)) {
    const int id = static_cast<int>(column(row, "id"));
    CHECK(within(out.at(id)));
    CHECK(within(in.at(id)));
    CHECK(std::abs(out.at(id)["ts"].get<double>() - 1e6 * column(row, "prefilled_time")) <= 2e-3);
    CHECK(in.at(id)["ts"] > out.at(id)["ts"]);
    CHECK(out.at(id)["pid"] == column(row, "replica") + 1);
    CHECK(in.at(id)["pid"] == 64 + column(row, "decode_replica") + 1);  // after the 64 replicas that prefill
  }
}
