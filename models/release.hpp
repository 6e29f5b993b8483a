// Releases of engines in the order in which they came out.
#pragma once

#include <string>

namespace flotilla::models {

/// Negative, zero or positive as `a` is older than, as old as or newer than `b`. Compares the leading numbers of the
/// dotted parts ("1.0.0rc3" as 1.0.0, "0.5.6.post2" as 0.5.6); missing parts count as 0. A text that starts with no
/// digit is newer than any number (nightly builds).
int compare_releases(const std::string& a, const std::string& b);

/// The release without its patches: "0.12.1" -> "0.12"; SGLang's "0.5.6.post1" counts its minor releases in the third
/// place: "0.5.6".
std::string minor_of(const std::string& release);

}  // namespace flotilla::models
