#include "models/release.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <limits>
#include <vector>

namespace flotilla::models {
namespace {

std::vector<long> numbers(const std::string& release) {
  if (release.empty() || std::isdigit(static_cast<unsigned char>(release.front())) == 0)
    return {std::numeric_limits<long>::max()};
  std::vector<long> parts;
  const char* at = release.c_str();
  while (std::isdigit(static_cast<unsigned char>(*at)) != 0) {
    char* end = nullptr;
    parts.push_back(std::strtol(at, &end, 10));
    if (*end != '.') break;  // "0rc3": what follows does not order releases here
    at = end + 1;
  }
  return parts;
}

}  // namespace

int compare_releases(const std::string& a, const std::string& b) {
  auto x = numbers(a), y = numbers(b);
  const auto size = std::max(x.size(), y.size());
  x.resize(size), y.resize(size);
  if (x == y) return 0;
  return x < y ? -1 : 1;
}

std::string minor_of(const std::string& release) {
  const auto first = release.find('.');
  if (first == std::string::npos) return release;
  const bool third = release.rfind("0.5.", 0) == 0;
  auto end = release.find('.', first + 1);
  if (third && end != std::string::npos) end = release.find('.', end + 1);
  return release.substr(0, end);
}

}  // namespace flotilla::models
