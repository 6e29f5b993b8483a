// Reads a text file line by line, gzipped or plain, in constant memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct gzFile_s;

namespace flotilla::sim {

/// Ends of lines may be LF or CRLF, the last may be missing; a UTF-8 byte order mark is skipped. What is no text of
/// lines at all (a Git LFS pointer, a web page, a zip archive, UTF-16, ...) is refused with an InputError that says
/// what it is.
class LineReader {
 public:
  explicit LineReader(std::string path);

  /// The next line without its end; valid until the next call. False at the end of the file.
  bool next(std::string_view& line);
  /// Of the line last handed out, counted from 1.
  [[nodiscard]] std::int64_t line_number() const { return line_number_; }
  /// Up to `bytes` of what next() will hand out, without moving on; at most what the buffer holds (256 KiB).
  [[nodiscard]] std::string_view peek(std::size_t bytes) const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };
  void refill();
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< of what was not handed out yet
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::int64_t line_number_ = 0;
};

}  // namespace flotilla::sim
