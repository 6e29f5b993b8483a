// What nearly every file includes, read once instead of with each: it is most of the time that a build takes. Each file
// says all the same what it needs: a build with FLOTILLA_PRECOMPILE=OFF (preset dev) sees to that.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/reader/schema.hpp"
