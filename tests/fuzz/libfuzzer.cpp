// The entry that libFuzzer calls (clang, -DFLOTILLA_FUZZ=ON): see README.md.
#include <cstddef>
#include <cstdint>
#include <string>

#include "scenarios/reader/error.hpp"
#include "tests/fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    flotilla::fuzz::read(std::string(reinterpret_cast<const char*>(data), size));
  } catch (const flotilla::InputError&) {
  }
  return 0;
}
