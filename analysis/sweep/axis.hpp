// The grammar of what a sweep varies:
//   key=a,b,c                        a list
//   key=range(1,9)  range(1,9,2)     first, last (included), step
//   key=linspace(0,1,5)              so many values, evenly spaced
//   key=geomspace(1,64,7)            the same by equal factors; a unit may follow: linspace(100,400,4)Gbps
//   key1,key2=1:10,2:20,4:40         keys that change together
// Commas and colons inside brackets, braces and quotes belong to the value: input_tokens={uniform: [80, 100]},512.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "scenarios/reader/error.hpp"

namespace flotilla::analysis {

/// Keys that change together, and what they become, value by value. An axis of one value is a plain change.
struct Axis {
  std::vector<std::string> keys;                 ///< dotted paths into the scenario
  std::vector<std::vector<std::string>> values;  ///< one text per key

  [[nodiscard]] bool swept() const { return values.size() > 1; }
};

/// `where` is the place of the word's first character. Throws InputError at what is wrong.
Axis parse_axis(const std::string& word, const SourceLocation& where);

/// A word of the command line.
Axis parse_axis(const std::string& word);

}  // namespace flotilla::analysis
