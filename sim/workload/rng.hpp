// Random numbers: one named stream per purpose, so that drawing more from one never disturbs another, and the same
// draws on every machine.
//
// The engine is the 64-bit Mersenne Twister, whose output the C++ standard fixes. The standard leaves the distributions
// to the implementation, hence they come from Boost.Random, behind these functions.
#pragma once

#include <cstdint>
#include <random>
#include <string_view>

namespace flotilla::sim {

using RandomEngine = std::mt19937_64;

/// Scatters the bits of `value` (the finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
constexpr std::uint64_t mix_bits(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv): the same on every machine, unlike std::hash.
constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

/// Seed of the stream called `name` ("arrivals", "input_tokens", "routing", ...) in a run with this base seed.
constexpr std::uint64_t stream_seed(std::uint64_t base_seed, std::string_view name) {
  return mix_bits(mix_bits(base_seed) ^ hash_text(name));
}

inline RandomEngine make_stream(std::uint64_t base_seed, std::string_view name) {
  return RandomEngine(stream_seed(base_seed, name));
}

double draw_unit(RandomEngine& engine);                                                ///< uniform on [0, 1)
double draw_exponential(RandomEngine& engine);                                         ///< mean 1
double draw_normal(RandomEngine& engine);                                              ///< mean 0, standard deviation 1
double draw_gamma(RandomEngine& engine, double shape);                                 ///< scale 1: mean = shape
std::int64_t draw_integer(RandomEngine& engine, std::int64_t low, std::int64_t high);  ///< uniform, both ends included

}  // namespace flotilla::sim
