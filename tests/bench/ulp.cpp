// Finds the largest error of each function of the kernels, in units in the last place.
//
//   wick_ulp ?--quick? ?FUNCTION ...?
//
// Functions of one float are tried on all 2^32 arguments against the C library's computation in double, which
// takes some minutes a function; functions of two floats, and all of double, on random samples against
// __float128: half of the arguments over all bit patterns, half over common ranges. --quick takes every 997th
// float and a tenth of the samples. The sine, cosine and tangent are tried up to 2^20, beyond which the C
// library computes them.

#include <quadmath.h>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <string_view>

#include "wick/kernels/hyperbolic.h"
#include "wick/kernels/trigonometry.h"

namespace kernel = wick::WICK_LEVEL;

namespace {

using Quad = __float128;

// The distance of `got` from `exact` in units in the last place of T at `exact`; infinite when one is NaN and
// the other is not, or when a zero or an infinity is wrong.
template <class T>
double ulps(T got, Quad exact) {
  if (isnanq(exact) || got != got) return isnanq(exact) && got != got ? 0 : HUGE_VAL;
  const T rounded = static_cast<T>(exact);
  if (std::isinf(rounded) && std::isinf(got)) return got == rounded ? 0 : HUGE_VAL;
  if (isinfq(exact)) return HUGE_VAL;
  if (exact == 0) return got == 0 && std::signbit(got) == (signbitq(exact) != 0) ? 0 : HUGE_VAL;
  using Limits = std::numeric_limits<T>;
  int exponent;
  frexpq(exact, &exponent);
  exponent = std::min(std::max(exponent, Limits::min_exponent), Limits::max_exponent);
  // Infinity stands for the number after the largest.
  const Quad value =
      std::isinf(got) ? copysignq(scalbnq(1, Limits::max_exponent), got) : static_cast<Quad>(got);
  return static_cast<double>(scalbnq(fabsq(value - exact), Limits::digits - exponent));
}

// The same for float against double, which is faster: a result that is rounded as it should be counts as half
// a unit without being looked at more closely.
double ulps(float got, double exact) {
  if (exact != exact && got != got) return 0;
  if (std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(static_cast<float>(exact)))
    return 0.5;
  return ulps(got, static_cast<Quad>(exact));
}

constexpr int block = 4096;

// Arguments, and what the kernels make of them.
template <class T>
struct Trial {
  T x[block], y[block], out[block];
};

struct Function {
  const char* name;
  int operands;
  void (*in_float)(Trial<float>&);
  void (*in_double)(Trial<double>&);
  double (*exact)(double x);       // for all floats
  Quad (*exact_quad)(Quad, Quad);  // of functions of one operand without regard to the second
  bool angle = false;
};

template <class F>
constexpr auto loop1(F) {
  return []<class T>(Trial<T>& t) {
    WICK_IVDEP
    for (int i = 0; i < block; ++i) t.out[i] = F{}(t.x[i]);
  };
}
template <class F>
constexpr auto loop2(F) {
  return []<class T>(Trial<T>& t) {
    WICK_IVDEP
    for (int i = 0; i < block; ++i) t.out[i] = F{}(t.x[i], t.y[i]);
  };
}
template <class F>
constexpr Function one(const char* name, F f, double (*exact)(double), Quad (*quad)(Quad, Quad),
                       bool angle = false) {
  return {name, 1, loop1(f), loop1(f), exact, quad, angle};
}
template <class F>
constexpr Function two(const char* name, F f, Quad (*quad)(Quad, Quad)) {
  return {name, 2, loop2(f), loop2(f), nullptr, quad};
}

// clang-format off
const Function functions[] = {
  one("exp", [](auto x) { return kernel::exp(x); }, std::exp, [](Quad x, Quad) { return expq(x); }),
  one("exp2", [](auto x) { return kernel::exp2(x); }, std::exp2, [](Quad x, Quad) { return powq(2, x); }),
  one("exp10", [](auto x) { return kernel::exp10(x); }, [](double x) { return std::pow(10, x); }, [](Quad x, Quad) { return powq(10, x); }),
  one("expm1", [](auto x) { return kernel::expm1(x); }, std::expm1, [](Quad x, Quad) { return expm1q(x); }),
  one("log", [](auto x) { return kernel::log(x); }, std::log, [](Quad x, Quad) { return logq(x); }),
  one("log2", [](auto x) { return kernel::log2(x); }, std::log2, [](Quad x, Quad) { return log2q(x); }),
  one("log10", [](auto x) { return kernel::log10(x); }, std::log10, [](Quad x, Quad) { return log10q(x); }),
  one("log1p", [](auto x) { return kernel::log1p(x); }, std::log1p, [](Quad x, Quad) { return log1pq(x); }),
  one("sin", [](auto x) { return kernel::sin(x); }, std::sin, [](Quad x, Quad) { return sinq(x); }, true),
  one("cos", [](auto x) { return kernel::cos(x); }, std::cos, [](Quad x, Quad) { return cosq(x); }, true),
  one("tan", [](auto x) { return kernel::tan(x); }, std::tan, [](Quad x, Quad) { return tanq(x); }, true),
  one("asin", [](auto x) { return kernel::asin(x); }, std::asin, [](Quad x, Quad) { return asinq(x); }),
  one("acos", [](auto x) { return kernel::acos(x); }, std::acos, [](Quad x, Quad) { return acosq(x); }),
  one("atan", [](auto x) { return kernel::atan(x); }, std::atan, [](Quad x, Quad) { return atanq(x); }),
  one("sinh", [](auto x) { return kernel::sinh(x); }, std::sinh, [](Quad x, Quad) { return sinhq(x); }),
  one("cosh", [](auto x) { return kernel::cosh(x); }, std::cosh, [](Quad x, Quad) { return coshq(x); }),
  one("tanh", [](auto x) { return kernel::tanh(x); }, std::tanh, [](Quad x, Quad) { return tanhq(x); }),
  one("asinh", [](auto x) { return kernel::asinh(x); }, std::asinh, [](Quad x, Quad) { return asinhq(x); }),
  one("acosh", [](auto x) { return kernel::acosh(x); }, std::acosh, [](Quad x, Quad) { return acoshq(x); }),
  one("atanh", [](auto x) { return kernel::atanh(x); }, std::atanh, [](Quad x, Quad) { return atanhq(x); }),
  one("erf", [](auto x) { return kernel::erf(x); }, std::erf, [](Quad x, Quad) { return erfq(x); }),
  one("sigmoid", [](auto x) { return kernel::sigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); }, [](Quad x, Quad) { return 1 / (1 + expq(-x)); }),
  two("atan2", [](auto y, auto x) { return kernel::atan2(y, x); }, [](Quad y, Quad x) { return atan2q(y, x); }),
  two("pow", [](auto x, auto y) { return kernel::pow(x, y); }, [](Quad x, Quad y) { return powq(x, y); }),
  two("hypot", [](auto x, auto y) { return kernel::hypot(x, y); }, [](Quad x, Quad y) { return hypotq(x, y); }),
};
// clang-format on

std::mt19937_64 random_bits;

double uniform() { return static_cast<double>(random_bits() >> 11) * 0x1p-53; }

template <class T>
T any_bits() {
  const std::uint64_t bits = random_bits();
  T x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

template <class T>
T common() {
  constexpr double ranges[] = {1e-3, 1, 4, 30, 800};
  const double x = (2 * uniform() - 1) * ranges[random_bits() % 5];
  return static_cast<T>(random_bits() % 4 == 0 ? x + 1 : x);
}

template <class T>
void draw(Trial<T>& t) {
  for (int i = 0; i < block; ++i) {
    t.x[i] = i % 2 == 0 ? common<T>() : any_bits<T>();
    t.y[i] = i % 3 == 0 ? common<T>() : any_bits<T>();
    if (i % 5 != 0) continue;
    // Powers of all sizes, up to overflow.
    t.x[i] = std::fabs(t.x[i]);
    t.y[i] = static_cast<T>(std::numeric_limits<T>::max_exponent * (2 * uniform() - 1) / std::log2(t.x[i]));
  }
}

template <class T>
struct Worst {
  double error = 0;
  T x = 0, y = 0;
  void see(double e, T a, T b) {
    if (e > error) error = e, x = a, y = b;
  }
};

bool tried(const Function& f, double x) { return !f.angle || std::fabs(x) <= 0x1p20; }

Worst<float> all_floats(const Function& f, std::uint64_t stride) {
  static Trial<float> t;
  Worst<float> worst;
  for (std::uint64_t base = 0; base < std::uint64_t{1} << 32; base += block * stride) {
    for (int i = 0; i < block; ++i) {
      const auto bits = static_cast<std::uint32_t>(base + static_cast<std::uint64_t>(i) * stride);
      std::memcpy(&t.x[i], &bits, sizeof bits);
    }
    f.in_float(t);
    for (int i = 0; i < block; ++i) {
      if (tried(f, t.x[i])) worst.see(ulps(t.out[i], f.exact(t.x[i])), t.x[i], 0);
    }
  }
  return worst;
}

template <class T>
Worst<T> sample(const Function& f, void (*run)(Trial<T>&), int blocks) {
  static Trial<T> t;
  Worst<T> worst;
  for (int b = 0; b < blocks; ++b) {
    draw(t);
    run(t);
    for (int i = 0; i < block; ++i) {
      if (tried(f, static_cast<double>(t.x[i])))
        worst.see(ulps(t.out[i], f.exact_quad(t.x[i], t.y[i])), t.x[i], t.y[i]);
    }
  }
  return worst;
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string_view(argv[1]) == "--quick";
  const int first = quick ? 2 : 1, blocks = quick ? 20 : 200;
  const auto wanted = [&](std::string_view name) {
    for (int i = first; i < argc; ++i) {
      if (argv[i] == name) return true;
    }
    return first >= argc;
  };
  std::printf("%-8s %8s %8s\n", "", "float", "double");
  for (const Function& f : functions) {
    if (!wanted(f.name)) continue;
    const auto single = f.operands == 1 ? all_floats(f, quick ? 997 : 1) : sample(f, f.in_float, 10 * blocks);
    const auto wide = sample(f, f.in_double, blocks);
    std::printf("%-8s %8.3f %8.3f   at %a %a, %a %a\n", f.name, single.error, wide.error,
                static_cast<double>(single.x), static_cast<double>(single.y), wide.x, wide.y);
    std::fflush(stdout);
  }
}
