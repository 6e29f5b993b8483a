#include "analysis/sweep/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "analysis/version.hpp"

namespace flotilla::analysis {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "1";
/// A sync takes milliseconds, about as long as a small point: after each it would double the time of such sweeps.
constexpr auto kSyncEvery = std::chrono::seconds(1);

[[noreturn]] void refuse(const std::string& path, const std::string& message, const std::string& hint) {
  throw InputError({path, 0, 0, ""}, "", message, hint);
}

/// For people with sqlite3 at hand, and for the report.
std::string figures_view() {
  std::string columns;
  for (const char* const key : {"verdict",
                                "gpus",
                                "request_throughput",
                                "output_throughput",
                                "output_throughput_per_gpu",
                                "total_throughput_per_gpu",
                                "interactivity.median",
                                "interactivity.p99",
                                "mean_ttft_ms",
                                "median_ttft_ms",
                                "p99_ttft_ms",
                                "mean_tpot_ms",
                                "median_tpot_ms",
                                "p99_tpot_ms",
                                "mean_e2el_ms",
                                "p99_e2el_ms",
                                "goodput_ratio",
                                "kv.peak_usage",
                                "cost.usd_per_hour",
                                "cost.usd_per_million_output_tokens"}) {
    // A point that failed has no summary, and no JSON at all.
    columns += fmt::format(", CASE status WHEN 'done' THEN json_extract(summary, '$.{}') END AS \"{}\"", key, key);
  }
  return "CREATE VIEW figures AS SELECT point, status, keys_values" + columns +
         " FROM points LEFT JOIN results USING (point)";
}

SweepIdentity read_identity(Database& db) {
  SweepIdentity identity;
  std::map<std::string, std::string> values;
  db.rows("SELECT key, value FROM sweep", {}, [&](const SqlRow& row) { values[row.text(0)] = row.text(1); });
  if (values["format"] != kFormat) refuse(db.path(), "this is no database of a sweep that this program knows", "");
  identity.hash = values["identity"], identity.version = values["version"], identity.commit = values["commit"];
  identity.name = values["name"], identity.scenario_path = values["scenario"];
  identity.swept_keys = Json::parse(values["swept_keys"]).get<std::vector<std::string>>();
  db.rows("SELECT hash, keys_values FROM points ORDER BY point", {}, [&](const SqlRow& row) {
    identity.hashes.push_back(row.text(0));
    const Json keys = Json::parse(row.text(1));
    auto& texts = identity.values.emplace_back();
    for (const std::string& key : identity.swept_keys) texts.push_back(keys.at(key).get<std::string>());
  });
  return identity;
}

bool is_a_sweep(Database& db) {
  std::int64_t tables = 0;
  db.rows("SELECT count(*) FROM sqlite_master WHERE name IN ('sweep', 'points', 'results')", {},
          [&](const SqlRow& row) { tables = row.integer(0); });
  return tables == 3;
}

std::map<std::size_t, PointResult> read_results(Database& db) {
  std::map<std::size_t, PointResult> results;
  db.rows("SELECT point, status, error, summary FROM results", {}, [&](const SqlRow& row) {
    results[static_cast<std::size_t>(row.integer(0))] = {row.text(1) == "done", row.text(2), row.text(3)};
  });
  return results;
}

}  // namespace

/// One sweep at a time writes to a database. The lock is the kernel's and goes with the process, however that ends.
class SweepStore::Lock {
 public:
  explicit Lock(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw std::runtime_error(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
    // Workers of a sweep that was killed just now are on their way out and still hold it.
    for (int tries = 0; ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (errno == EWOULDBLOCK && tries < 40) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        continue;
      }
      const int why = errno;
      ::close(fd_);
      if (why == EWOULDBLOCK) refuse(path, "another sweep is writing to this database", "wait for it, then --resume");
      throw std::runtime_error(fmt::format("{}: cannot lock: {}", path, std::strerror(why)));
    }
  }
  ~Lock() { ::close(fd_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_;
};

SweepIdentity SweepIdentity::of(const Sweep& sweep) {
  SweepIdentity identity;
  identity.version = kVersion, identity.commit = kCommit;
  identity.name = sweep.name, identity.scenario_path = sweep.scenario_path;
  identity.swept_keys = sweep.swept_keys();
  identity.hashes = hashes_of_points(sweep);
  identity.hash = hash_of_sweep(sweep, identity.hashes);
  for (std::size_t point = 0; point < sweep.size(); ++point) identity.values.push_back(sweep.swept_values(point));
  return identity;
}

SweepStore::SweepStore(const std::string& path, const SweepIdentity& identity, Open how) {
  if (std::filesystem::is_directory(path)) refuse(path, "this is a directory; a sweep goes into a file", "");
  const bool there = std::filesystem::exists(path) && std::filesystem::file_size(path) > 0;
  if (there && how == Open::kNew) {
    refuse(path, "this file is there already", "--resume goes on with a sweep; or choose another file with -o");
  }
  lock_ = std::make_unique<Lock>(path);
  database_ = std::make_unique<Database>(path, Database::Mode::kCreate);
  if (there && !is_a_sweep(*database_)) {
    // A sweep that was killed while it made its tables leaves none; anything else is not ours.
    std::int64_t others = 0;
    database_->rows("SELECT count(*) FROM sqlite_master", {}, [&](const SqlRow& row) { others = row.integer(0); });
    if (others > 0) refuse(path, "this is no database of a sweep, and it is left as it is", "choose another file");
  }
  // A write-ahead log: readers do not wait for the writer, a transaction is one append. It outlives its process at
  // once, and the machine once it is synced: see record().
  database_->run("PRAGMA journal_mode=WAL");
  database_->run("PRAGMA synchronous=NORMAL");
  if (is_a_sweep(*database_)) {
    check(identity);
  } else {
    create(identity);
  }
}

SweepStore::~SweepStore() {
  database_.reset();  // before the lock: closing any descriptor of the file would drop SQLite's own locks
}

void SweepStore::create(const SweepIdentity& identity) {
  Database& db = *database_;
  db.run("BEGIN IMMEDIATE");
  db.run("CREATE TABLE sweep(key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  db.run("CREATE TABLE points(point INTEGER PRIMARY KEY, hash TEXT NOT NULL, keys_values TEXT NOT NULL)");
  db.run("CREATE TABLE results(point INTEGER PRIMARY KEY, status TEXT NOT NULL, error TEXT, summary TEXT)");
  db.run(figures_view());
  const std::vector<std::pair<const char*, std::string>> facts{{"format", kFormat},
                                                               {"identity", identity.hash},
                                                               {"version", identity.version},
                                                               {"commit", identity.commit},
                                                               {"name", identity.name},
                                                               {"scenario", identity.scenario_path},
                                                               {"swept_keys", Json(identity.swept_keys).dump()}};
  for (const auto& [key, value] : facts) db.run("INSERT INTO sweep VALUES (?, ?)", {std::string(key), value});
  for (std::size_t point = 0; point < identity.hashes.size(); ++point) {
    Json keys = Json::object();
    for (std::size_t k = 0; k < identity.swept_keys.size(); ++k)
      keys[identity.swept_keys[k]] = identity.values[point][k];
    db.run("INSERT INTO points VALUES (?, ?, ?)",
           {static_cast<std::int64_t>(point), identity.hashes[point], keys.dump()});
  }
  db.run("COMMIT");
}

std::string SweepStore::value_of(const std::string& key) {
  std::string value;
  database_->rows("SELECT value FROM sweep WHERE key = ?", {key}, [&](const SqlRow& row) { value = row.text(0); });
  return value;
}

void SweepStore::check(const SweepIdentity& identity) {
  const std::string& path = database_->path();
  if (value_of("format") != kFormat)
    refuse(path, "this database was written by a version of flotilla that keeps sweeps in another form", "");
  const std::string program = fmt::format("{} ({})", value_of("version"), value_of("commit"));
  const std::string this_program = fmt::format("{} ({})", identity.version, identity.commit);
  if (program != this_program) {
    refuse(path, fmt::format("begun by flotilla {}, this is {}: their results do not mix", program, this_program),
           "go on with the program that began it, or begin anew in another file");
  }
  if (value_of("identity") != identity.hash) {
    const SweepIdentity other = read_identity(*database_);
    refuse(path,
           fmt::format("this is another sweep: {} points of {} over {}; asked for are {} points of {} over {}",
                       other.hashes.size(), other.scenario_path, reader::listed(other.swept_keys),
                       identity.hashes.size(), identity.scenario_path, reader::listed(identity.swept_keys)),
           "a changed scenario, trace or list of values makes another sweep: choose another file with -o");
  }
}

void SweepStore::record(std::size_t point, const PointResult& result) {
  const auto now = std::chrono::steady_clock::now();
  const bool sync = now - last_sync_ >= kSyncEvery;  // the log as a whole, what came before included
  if (sync) database_->run("PRAGMA synchronous=FULL");
  database_->run(
      "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)",
      {static_cast<std::int64_t>(point), std::string(result.done ? "done" : "failed"), result.error, result.summary});
  if (!sync) return;
  database_->run("PRAGMA synchronous=NORMAL");
  last_sync_ = now;
}

std::map<std::size_t, PointResult> SweepStore::results() { return read_results(*database_); }

StoredSweep read_store(const std::string& path) {
  if (!std::filesystem::exists(path)) refuse(path, "no such file", "");
  Database db(path, Database::Mode::kRead);
  if (!is_a_sweep(db)) refuse(path, "this is no database of a sweep", "flotilla sweep SCENARIO ... -o FILE makes one");
  StoredSweep sweep{read_identity(db), read_results(db)};
  if (!sweep.results.empty() && sweep.results.rbegin()->first >= sweep.identity.hashes.size())
    refuse(path, fmt::format("there is a result of point {}, and no such point", sweep.results.rbegin()->first), "");
  return sweep;
}

}  // namespace flotilla::analysis
