// What each fuzz target has: a reader of untrusted text. It may refuse with an InputError; anything else is a finding.
#pragma once

#include <string>

namespace flotilla::fuzz {

void read(std::string text);

}  // namespace flotilla::fuzz
