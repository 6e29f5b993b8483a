// A figure together with where it comes from. Catalogue files write it as `{value: 3.35TBps, source: "datasheet ..."}`; a user's
// own file may write the bare value, whose source is then empty.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "scenarios/reader/schema.hpp"

namespace flotilla::models {

/// A quantity (Bytes, Watts, ...) with its source: use it wherever the quantity itself is expected.
template <class T, class Enable = void>
struct Sourced : T {
  Sourced() = default;
  explicit(false) Sourced(T value, std::string from = {}) : T(value), source(std::move(from)) {}
  [[nodiscard]] T get() const { return *this; }
  std::string source;
};

/// The same for bare numbers.
template <class T>
struct Sourced<T, std::enable_if_t<std::is_arithmetic_v<T>>> {
  Sourced() = default;
  explicit(false) Sourced(T initial, std::string from = {}) : number(initial), source(std::move(from)) {}
  explicit(false) operator T() const { return number; }
  [[nodiscard]] T get() const { return number; }
  T number{};
  std::string source;
};

}  // namespace flotilla::models
