// Precompiled for the library's tests. A source still names what it uses.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "wick/wick.h"
