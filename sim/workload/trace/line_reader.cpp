#include "sim/workload/trace/line_reader.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "scenarios/reader/error.hpp"

namespace flotilla::sim {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr std::size_t kLongestLine = 64 * 1024 * 1024;  // a line with 14,000 hash ids has about 0.1 MB
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Lookalike {
  std::string_view start;
  const char* what;
  const char* hint;
};

// By their first bytes: files that people take for a trace.
constexpr std::array kLookalikes{
    Lookalike{"version https://git-lfs.github.com/spec/v1", "this is a Git LFS pointer, not the data it points to",
              "fetch the data with: git lfs pull"},
    Lookalike{"<!DOCTYPE", "this is a web page, not a trace", "download the raw file"},
    Lookalike{"<!doctype", "this is a web page, not a trace", "download the raw file"},
    Lookalike{"<html", "this is a web page, not a trace", "download the raw file"},
    Lookalike{"PK\x03\x04", "this is a zip archive", "unpack it, or compress the trace with gzip instead"},
    Lookalike{"PAR1", "this is a Parquet file", "convert it to CSV or JSONL"},
    Lookalike{"\x28\xB5\x2F\xFD", "this is compressed with zstd", "unpack it, or compress it with gzip instead"},
    Lookalike{"\xFD"
              "7zXZ",
              "this is compressed with xz", "unpack it, or compress it with gzip instead"},
    Lookalike{"BZh", "this is compressed with bzip2", "unpack it, or compress it with gzip instead"},
    Lookalike{"\xFF\xFE", "this text is encoded as UTF-16", "save it as UTF-8"},
    Lookalike{"\xFE\xFF", "this text is encoded as UTF-16", "save it as UTF-8"},
};

}  // namespace

LineReader::LineReader(std::string path) : path_(std::move(path)), buffer_(kBufferBytes) {
  errno = 0;
  file_.reset(gzopen(path_.c_str(), "rb"));
  if (file_ == nullptr) fail(fmt::format("the file cannot be opened: {}", std::strerror(errno)));
  gzbuffer(file_.get(), kBufferBytes);
  refill();
  const std::string_view head = peek(kBufferBytes);
  if (head.empty()) fail("the file is empty");
  for (const Lookalike& other : kLookalikes) {
    if (head.substr(0, other.start.size()) == other.start) fail(other.what, other.hint);
  }
  if (head.substr(0, kByteOrderMark.size()) == kByteOrderMark) begin_ += kByteOrderMark.size();
}

void LineReader::Close::operator()(gzFile_s* file) const { gzclose_r(file); }

bool LineReader::next(std::string_view& line) {
  std::size_t searched = 0;
  while (true) {
    const char* start = buffer_.data() + begin_;
    const std::size_t length = end_ - begin_;
    const void* newline = std::memchr(start + searched, '\n', length - searched);
    if (newline != nullptr) {
      line = {start, static_cast<std::size_t>(static_cast<const char*>(newline) - start)};
      begin_ += line.size() + 1;
      break;
    }
    if (at_end_) {
      if (length == 0) return false;
      line = {start, length};
      begin_ = end_;
      break;
    }
    searched = length;
    refill();
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  ++line_number_;
  return true;
}

std::string_view LineReader::peek(std::size_t bytes) const {
  return {buffer_.data() + begin_, std::min(bytes, end_ - begin_)};
}

void LineReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ == buffer_.size()) {
    if (buffer_.size() >= kLongestLine) {
      fail(fmt::format("line {} is longer than {} MiB", line_number_ + 1, kLongestLine >> 20), "is this a text file?");
    }
    buffer_.resize(buffer_.size() * 2);
  }
  const int got = gzread(file_.get(), buffer_.data() + end_, static_cast<unsigned>(buffer_.size() - end_));
  int error = Z_OK;
  const char* const text = gzerror(file_.get(), &error);
  if (got < 0 || error == Z_BUF_ERROR) {
    const bool cut = error == Z_BUF_ERROR;
    fail(fmt::format("the {} after line {}{}", cut ? "compressed file ends too early" : "file cannot be read",
                     line_number_, cut ? "" : fmt::format(": {}", error == Z_ERRNO ? std::strerror(errno) : text)),
         cut ? "is the download complete? Try: gzip -t " + path_ : "");
  }
  end_ += static_cast<std::size_t>(got);
  at_end_ = got == 0;
}

void LineReader::fail(const std::string& message, const std::string& hint) const {
  throw InputError({path_, 0, 0, ""}, "", message, hint);
}

}  // namespace flotilla::sim
