// Files that are whole or not there: written under a temporary name, renamed at the end.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace flotilla::analysis {

inline constexpr const char* kPartialSuffix = ".partial";

/// A file under way: written at `partial()`, beside where it goes. It takes its name with commit(), and is removed
/// without it. What a link leads to is replaced, not the link; a device or a pipe (/dev/null, /dev/stdout) has no other
/// name and is written as it is.
class PartialFile {
 public:
  explicit PartialFile(const std::string& path);
  ~PartialFile();
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  [[nodiscard]] const std::string& partial() const { return partial_; }
  /// Writes all of it. Throws std::runtime_error, naming the file.
  void write(const std::string& text) const;
  /// Removes what stands under its name now.
  void withdraw() const;
  /// Throws std::runtime_error, naming the file.
  void commit();
  /// Removes those that are under way; for handlers of signals, which the process does not survive. Returns whether
  /// some file has taken its name before.
  static bool drop_all();

 private:
  struct Removal;

  std::string path_;
  std::string target_;   ///< behind links
  std::string partial_;  ///< "" once nothing is left to be done
  Removal* removal_;     ///< what a signal would do; nobody's where nothing is left
};

/// Throws std::runtime_error, naming the file, where that is impossible; nothing half-written is left then.
void write_whole_file(const std::string& path, const std::string& text);

/// Several files that belong together: none takes its name before all are written. By path.
void write_whole_files(const std::vector<std::pair<std::string, std::string>>& files);

/// Makes a directory and those above it. Throws std::runtime_error.
void make_directory(const std::string& path);

}  // namespace flotilla::analysis
