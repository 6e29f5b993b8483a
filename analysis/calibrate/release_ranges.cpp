#include "analysis/calibrate/release_ranges.hpp"

#include <algorithm>

#include "models/release.hpp"

namespace flotilla::analysis {
namespace {

struct Group {
  models::ServingProfile profile;
  std::string minor;
  int points = 0;
};

void join(std::vector<Group>& groups, std::size_t from, std::size_t into) {
  auto& target = groups[into];
  auto& source = groups[from];
  if (from < into) target.profile.from = source.profile.from;
  if (from > into) target.profile.to = source.profile.to;
  target.points += source.points;
  groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(from));
}

}  // namespace

std::vector<models::ServingProfile> release_ranges(std::vector<std::string> releases, int fewest) {
  std::stable_sort(releases.begin(), releases.end(),
                   [](const auto& a, const auto& b) { return models::compare_releases(a, b) < 0; });
  std::vector<Group> groups;
  for (const auto& release : releases) {
    const auto minor = models::minor_of(release);
    if (groups.empty() || groups.back().minor != minor) groups.push_back({{release, release, "", 1, {}, {}}, minor, 0});
    groups.back().profile.to = release;
    ++groups.back().points;
  }
  for (std::size_t i = 0; i < groups.size() && groups.size() > 1;) {
    if (groups[i].points >= fewest) {
      ++i;
      continue;
    }
    const bool last = i + 1 == groups.size();
    const bool before = i > 0 && (last || groups[i - 1].points < groups[i + 1].points);
    join(groups, i, before ? i - 1 : i + 1);
    i = 0;
  }
  std::vector<models::ServingProfile> profiles;
  for (const auto& group : groups) profiles.push_back(group.profile);
  return profiles;
}

}  // namespace flotilla::analysis
