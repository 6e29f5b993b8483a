#include "analysis/sweep/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <type_traits>

#include "scenarios/reader/error.hpp"

namespace flotilla::analysis {

namespace {

/// How long to wait for another program that writes, in milliseconds.
constexpr int kPatience = 3000;

void bind(sqlite3_stmt* statement, int at, const SqlValue& value) {
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::int64_t>) {
          sqlite3_bind_int64(statement, at, v);
        } else if constexpr (std::is_same_v<T, double>) {
          sqlite3_bind_double(statement, at, v);
        } else {
          sqlite3_bind_text(statement, at, v.data(), static_cast<int>(v.size()), SQLITE_TRANSIENT);
        }
      },
      value);
}

/// Where nobody can write beside it (a read-only disk, somebody else's folder), SQLite cannot make the files that it
/// shares a log by. Without a log it needs none.
bool stands_still(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path folder = fs::absolute(path, ignored).parent_path();
  const auto log = fs::file_size(path + "-wal", ignored);
  return ::access(folder.c_str(), W_OK) != 0 && (ignored || log == 0);
}

/// What SQLite opens without locks and logs.
std::string immutable(const std::string& path) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string())
    uri += std::string("?#%").find(c) == std::string::npos ? std::string(1, c)
                                                           : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  return uri + "?immutable=1";
}

}  // namespace

std::int64_t SqlRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqlRow::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text == nullptr ? "" : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

Database::Database(std::string path, Mode mode) : path_(std::move(path)) {
  // To read, too: whoever closes a write-ahead log last puts it into the file. SQLite itself is content with reading
  // where a file may not be written.
  const bool still = mode == Mode::kRead && stands_still(path_);
  const int flags = still ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
                          : SQLITE_OPEN_READWRITE | (mode == Mode::kCreate ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(still ? immutable(path_).c_str() : path_.c_str(), &handle_, flags, nullptr);
  try {
    if (code != SQLITE_OK) fail(code);
    sqlite3_busy_timeout(handle_, kPatience);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Database::~Database() { sqlite3_close(handle_); }

void Database::run(const std::string& sql, const std::vector<SqlValue>& values) { rows(sql, values, nullptr); }

void Database::rows(const std::string& sql, const std::vector<SqlValue>& values,
                    const std::function<void(const SqlRow&)>& each) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v2(handle_, sql.c_str(), -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
  if (code != SQLITE_OK) fail(code);
  for (std::size_t i = 0; i < values.size(); ++i) bind(prepared, static_cast<int>(i) + 1, values[i]);
  int step = sqlite3_step(prepared);
  for (; step == SQLITE_ROW; step = sqlite3_step(prepared)) {
    if (each) each(SqlRow(prepared));
  }
  if (step != SQLITE_DONE) fail(step);
}

void Database::fail(int code) const {
  const std::string why = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  switch (code & 0xff) {  // the rest of the bits are details
    case SQLITE_NOTADB:
      throw InputError({path_, 0, 0, ""}, "", "this is no database of a sweep, and it is left as it is",
                       "choose another file with -o");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw std::runtime_error(fmt::format(
          "{}: another program keeps the database locked; what was stored is safe: wait for it, then --resume", path_));
    case SQLITE_FULL:
      throw std::runtime_error(
          fmt::format("{}: no space is left on the disk; what was stored is safe: make room, then --resume", path_));
    case SQLITE_CANTOPEN:
      throw std::runtime_error(fmt::format(
          "{}: cannot be opened ({}); where its folder may not be written, copy it, and what lies beside it under its "
          "name, to one that may",
          path_, why));
    case SQLITE_CORRUPT:
      throw std::runtime_error(fmt::format(
          "{}: the database is damaged ({}); `sqlite3 {} .recover` may save what it holds", path_, why, path_));
    default:
      throw std::runtime_error(fmt::format("{}: {}", path_, why));
  }
}

}  // namespace flotilla::analysis
