#include "models/json_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace flotilla::models {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t kLargestFile = 16'000'000;

SourceLocation whole_file(const std::string& path) {
  SourceLocation where;
  where.file = path;
  return where;
}

std::string read_text(const std::string& path) {
  const auto file = whole_file(path);
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) throw InputError(file, "", "no such file");
  if (!fs::is_regular_file(status)) throw InputError(file, "", "not a regular file");
  if (fs::file_size(path, error) > kLargestFile)
    throw InputError(file, "", "larger than 16 MB: not a model's configuration");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(file, "", "cannot be read");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// nlohmann's text without its prefix: "[json.exception.parse_error.101] parse error at line 3, column 5: ...".
std::string reason(const std::string& what) {
  const auto colon = what.find(": ");
  return colon == std::string::npos ? what : what.substr(colon + 2);
}

}  // namespace

JsonSource JsonSource::load(const std::string& path) { return {read_text(path), path}; }

JsonSource::JsonSource(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {
  try {
    root_ = nlohmann::json::parse(text_);
  } catch (const nlohmann::json::parse_error& error) {
    throw InputError(at_offset(error.byte == 0 ? 0 : error.byte - 1), "", "malformed JSON: " + reason(error.what()));
  } catch (const nlohmann::json::exception& error) {
    throw InputError(whole_file(file_), "", "malformed JSON: " + reason(error.what()));
  }
  if (!root_.is_object()) throw InputError(at_offset(0), "", "a JSON object is expected", "a Hugging Face config.json");
}

SourceLocation JsonSource::at_offset(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto begin = offset == 0 ? std::string::npos : text_.rfind('\n', offset - 1);
  const auto start = begin == std::string::npos ? 0 : begin + 1;
  const auto end = std::min(text_.find('\n', start), text_.size());
  auto where = whole_file(file_);
  where.line =
      1 + static_cast<int>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(start), '\n'));
  where.column = 1 + static_cast<int>(offset - start);
  where.source_line = text_.substr(start, end - start);
  return where;
}

void JsonSource::fail(std::string_view key, const std::string& message, const std::string& hint) const {
  const auto quoted = fmt::format("\"{}\"", key);
  for (auto found = text_.find(quoted); found != std::string::npos; found = text_.find(quoted, found + 1)) {
    const auto after = text_.find_first_not_of(" \t\r\n", found + quoted.size());
    if (after != std::string::npos && text_[after] == ':')
      throw InputError(at_offset(found), std::string(key), message, hint);
  }
  throw InputError(whole_file(file_), std::string(key), message, hint);
}

}  // namespace flotilla::models
