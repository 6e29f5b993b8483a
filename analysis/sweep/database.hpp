// A thin hand on SQLite: statements with values, rows, errors that name the file and say what to do.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace flotilla::analysis {

using SqlValue = std::variant<std::int64_t, double, std::string>;

/// The columns of a row.
class SqlRow {
 public:
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;  ///< "" where there is nothing

 private:
  sqlite3_stmt* statement_;
};

/// An open database. Throws InputError where the file is no database, std::runtime_error where it is damaged, locked
/// by another program, or cannot be written.
class Database {
 public:
  enum class Mode { kCreate, kRead };
  Database(std::string path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const std::string& sql, const std::vector<SqlValue>& values = {});
  void rows(const std::string& sql, const std::vector<SqlValue>& values,
            const std::function<void(const SqlRow&)>& each);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[noreturn]] void fail(int code) const;

  std::string path_;
  sqlite3* handle_ = nullptr;
};

}  // namespace flotilla::analysis
