// The same for tests.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "cmake/precompiled.hpp"
