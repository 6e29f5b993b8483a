// Reading one scalar: what the built-in codecs have in common. All throw InputError at the node.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scenarios/reader/node.hpp"
#include "scenarios/reader/rules.hpp"

namespace flotilla::reader {

bool read_bool(const Node& node);
/// Within [lowest, highest] of the C++ type, and the rules.
std::int64_t read_integer(const Node& node, const KeyRules& rules, std::int64_t lowest, std::int64_t highest);
double read_number(const Node& node, const KeyRules& rules);
/// One of rules.choices, if there are any.
std::string read_text(const Node& node, const KeyRules& rules);
/// The index of the text in `names`.
std::size_t read_choice(const Node& node, const std::vector<std::string>& names);
/// True for `inf` and `.inf` where the rules allow infinity.
bool is_infinity(const Node& node, const KeyRules& rules);
/// The text of a scalar for a quantity; "a time is expected" where there is none.
const std::string& quantity_text(const Node& node, const std::string& what);

/// `value` is what is compared, `shown` what the user is told; `limit` writes a bound.
using LimitText = std::string (*)(double);
void check_range(const Node& node, double value, const std::string& shown, const KeyRules& rules, LimitText limit);
/// "at least 0", "0 to 100 %", "above 0"; "" without limits.
std::string range_text(const KeyRules& rules, LimitText limit);
std::string number_text(double value);
std::string joined_names(const std::vector<std::string>& names);  ///< `a`, `b`, `c`

/// {"type": type, "minimum": ..., "maximum": ...}
nlohmann::ordered_json number_schema(const char* type, const KeyRules& rules);

}  // namespace flotilla::reader
