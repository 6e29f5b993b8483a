#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

#include "scenarios/reader/node.hpp"

namespace flotilla::reader {
namespace {

constexpr std::size_t kLongestWord = 64;     // longer words are not typing slips of a key
constexpr std::size_t kLongestShown = 60;    // characters of a user's value in a message
constexpr std::size_t kMostCandidates = 24;  // in one list

std::string folded(std::string_view word) {
  std::string result;
  for (const char c : word) result += c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours cost 1 each; a digit for
/// another digit 2, since fp4 is not fp8 mistyped.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = is_digit(a[i - 1]) && is_digit(b[j - 1]) ? 2 : 1;
      const std::size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : cost);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

/// `whole` is `part` with something left out: llama-3-70b of llama-3.3-70b.
bool leaves_out_only(const std::string& part, const std::string& whole) {
  std::size_t found = 0;
  for (const char c : whole) found += found < part.size() && part[found] == c ? 1 : 0;
  return found == part.size();
}

/// The one candidate that begins with the word or that the word begins with; "" if there is none or more than one.
std::string only_beginning(const std::string& wanted, const std::vector<std::string>& candidates) {
  constexpr std::size_t kShortest = 4;
  std::string only;
  for (const auto& candidate : candidates) {
    const std::string other = folded(candidate);
    if (std::min(wanted.size(), other.size()) < kShortest) continue;
    if (other.rfind(wanted, 0) != 0 && wanted.rfind(other, 0) != 0) continue;
    if (!only.empty()) return "";
    only = candidate;
  }
  return only;
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kLongestWord) return "";
  const std::string wanted = folded(word);
  const std::size_t limit = std::max<std::size_t>(1, std::min<std::size_t>(3, wanted.size() / 3));
  std::string best;
  std::size_t best_distance = limit + 1;
  for (const auto& candidate : candidates) {
    if (candidate.size() > wanted.size() + limit || wanted.size() > candidate.size() + limit) continue;
    const std::string other = folded(candidate);
    const std::size_t distance = edit_distance(wanted, other);
    const bool nearer =
        distance < best_distance || (!best.empty() && distance == best_distance && leaves_out_only(wanted, other) &&
                                     !leaves_out_only(wanted, folded(best)));
    if (nearer && distance < std::max<std::size_t>(1, std::min(candidate.size(), wanted.size()))) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best.empty() ? only_beginning(wanted, candidates) : best;
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < kMostCandidates; ++i) list += (i == 0 ? "" : ", ") + names[i];
  return names.size() <= kMostCandidates ? list : fmt::format("{}, ... ({} in all)", list, names.size());
}

std::string suggest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string near = did_you_mean(word, candidates);
  if (!near.empty()) return fmt::format("did you mean '{}'?", near);
  return candidates.empty() ? "" : "one of: " + listed(candidates);
}

std::string in_quotes(std::string_view text) {
  std::string shown = "'";
  std::size_t characters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool starts_character = (byte & 0xC0) != 0x80;
    if (starts_character && ++characters > kLongestShown) return shown + "...'";
    if (c == '\n') {
      shown += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown + "'";
}

}  // namespace flotilla::reader
