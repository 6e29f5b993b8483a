// The text of a file a user named, or an InputError that says why there is none.
#pragma once

#include <string>

namespace flotilla::reader {

/// A missing file (with near names), a directory, a file above the limit of tree.hpp (before it is read) and one that
/// cannot be opened are InputErrors. Pipes are read up to the limit.
std::string read_text_file(const std::string& path);

}  // namespace flotilla::reader
