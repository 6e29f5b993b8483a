// Catalogue files that travel inside the binary, by their path in the repository.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flotilla::reader {

/// Registers files when the program starts; one object of this class is generated per library that embeds some.
class EmbeddedFiles {
 public:
  EmbeddedFiles(std::initializer_list<std::pair<std::string_view, std::string_view>> files);
};

/// The text of "models/catalog/gpus/h100-sxm.yaml", if it was embedded.
std::optional<std::string_view> embedded_file(std::string_view path);
/// Stems of the files directly in a folder, sorted: "h100-sxm", "h200-sxm", ...
std::vector<std::string> embedded_names(std::string_view folder);

}  // namespace flotilla::reader
