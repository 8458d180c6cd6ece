#pragma once

// Private: ranges of options.

#include <array>
#include <cmath>
#include <string_view>

#include "wick/core/fail.h"

namespace wick::optim {

inline void check(const char* kind, bool good, std::string_view option, std::string_view accepted,
                  double given) {
  if (!good) fail(kind, "{} must be {}, {} was given", option, accepted, given);
}

inline void check_not_negative(const char* kind, std::string_view option, double given) {
  check(kind, given >= 0 && std::isfinite(given), option, "finite and at least 0", given);
}

inline void check_positive(const char* kind, std::string_view option, double given) {
  check(kind, given > 0, option, "above 0", given);
}

inline void check_betas(const char* kind, const std::array<double, 2>& betas) {
  check(kind, betas[0] >= 0 && betas[0] < 1, "beta1", "from 0 to below 1", betas[0]);
  check(kind, betas[1] >= 0 && betas[1] < 1, "beta2", "from 0 to below 1", betas[1]);
}

}  // namespace wick::optim
