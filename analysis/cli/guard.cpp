#include "analysis/cli/guard.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

#include "analysis/cli/arguments.hpp"
#include "scenarios/reader/error.hpp"
#include "sim/engine/invariant.hpp"

namespace flotilla::cli {

namespace {

/// stderr may be closed, too: nothing is left to say then.
void complain(const std::string& text) { std::fputs((text + "\n").c_str(), stderr); }

int guarded(const std::function<int()>& command) {
  try {
    return command();
  } catch (const HelpRequested& help) {
    fmt::print("{}", help.what());
    return kOk;
  } catch (const UsageError& e) {
    complain(e.what());
    return kBadInput;
  } catch (const InputError& e) {
    complain(e.what());
    return kBadInput;
  } catch (const sim::InvariantError& e) {
    complain(
        fmt::format("flotilla: {}\nThis is a fault of Flotilla, not of your input; no figures are printed.", e.what()));
    return kBrokenInvariant;
  } catch (const std::bad_alloc&) {
    complain("flotilla: out of memory");
    return kRunFailed;
  } catch (const std::exception& e) {
    complain(fmt::format("flotilla: {}", e.what()));
    return kRunFailed;
  }
}

}  // namespace

int exit_code_of(const std::function<int()>& command) {
  const int code = guarded(command);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  if (code != kOk) return code;
  complain(fmt::format("flotilla: cannot write to standard output: {}", std::strerror(errno)));
  return kRunFailed;
}

}  // namespace flotilla::cli
