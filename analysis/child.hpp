// Work in a child process: SimGrid allows one engine per process, and several children use several cores.
#pragma once

#include <sys/types.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace flotilla::analysis {

/// A child that ended without a word.
class ChildDied : public std::runtime_error {
 public:
  explicit ChildDied(int status);
  [[nodiscard]] int signal() const { return signal_; }  ///< that ended it; 0 if none did
  /// Somebody wanted it to end, as Ctrl-C ends a command and its children at once: that is no failure of its work.
  [[nodiscard]] bool interrupted() const;

 private:
  int signal_;
};

/// A process that computes a text. Its InputError, InvariantError and other exceptions arrive in the parent as such. It
/// does not outlive its parent.
class Child {
 public:
  /// Starts it. Throws std::runtime_error where the system gives no process.
  explicit Child(const std::function<std::string()>& work);
  /// Ends the process if it still runs.
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Readable when the child has something to say, for poll().
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Takes in what there is, waiting for something if there is nothing. True once the child has said all.
  bool listen();
  /// Waits for the end. Returns the text, or throws what the child threw; ChildDied if it died.
  std::string take();

 private:
  pid_t pid_ = -1;
  int descriptor_ = -1;
  std::string heard_;
};

}  // namespace flotilla::analysis
