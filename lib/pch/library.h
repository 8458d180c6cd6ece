// Precompiled for the sources of the library: what nearly all of them include. A source still names what it
// uses.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/tensor.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"
