#include <bit>
#include <cmath>
#include <limits>

#include "levels.h"
#include "support.h"

// How accurate the elementary functions are, against the C library's in long double.

namespace wick::test {
namespace {

// Where two tensors differ, two NaNs apart.
Tensor logical_difference(const Tensor& a, const Tensor& b) {
  return where(ne(a, a), ne(a, a) * eq(b, b), ne(a, b));
}

using Reference = long double (*)(long double);

// No operation is called so: the magnitude of a complex number.
Tensor hypot_of(const Tensor& x, const Tensor& y) {
  const Tensor z = empty(x.sizes(), x.dtype() == float32 ? complex64 : complex128);
  real(z).copy_(x);
  imag(z).copy_(y);
  return abs(z);
}
long double exact_exp10(long double x) { return std::pow(10.0L, x); }
long double exact_sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }

struct Function {
  const char* name;
  Tensor (*function)(const Tensor&);
  Reference reference;
  double ulps;  // the most that a result may be off
};

constexpr Function functions[] = {{"exp", exp, std::exp, 1},       {"log", log, std::log, 1},
                                  {"tanh", tanh, std::tanh, 3},    {"sigmoid", sigmoid, exact_sigmoid, 3},
                                  {"sin", sin, std::sin, 2},       {"cos", cos, std::cos, 2},
                                  {"tan", tan, std::tan, 3},       {"erf", erf, std::erf, 2},
                                  {"exp2", exp2, std::exp2, 2},    {"expm1", expm1, std::expm1, 2},
                                  {"log1p", log1p, std::log1p, 2}, {"sqrt", sqrt, std::sqrt, 0.5001},
                                  {"asin", asin, std::asin, 2},    {"acos", acos, std::acos, 2},
                                  {"atan", atan, std::atan, 2},    {"sinh", sinh, std::sinh, 2},
                                  {"cosh", cosh, std::cosh, 2},    {"asinh", asinh, std::asinh, 2},
                                  {"acosh", acosh, std::acosh, 2}, {"atanh", atanh, std::atanh, 2},
                                  {"log2", log2, std::log2, 2},    {"log10", log10, std::log10, 2},
                                  {"exp10", exp10, exact_exp10, 2}};

// In units in the last place of T at the exact value.
template <class T>
double error_in_ulps(T got, long double exact) {
  const T nearest = static_cast<T>(exact);
  if (std::isnan(nearest) || std::isinf(nearest) || std::isnan(got)) {
    const bool same = (std::isnan(nearest) && std::isnan(got)) || nearest == got;
    if (same || !std::isinf(nearest)) return same ? 0 : HUGE_VAL;
    // Just beyond the largest number: that one will do.
    return static_cast<double>(
        std::fabs(static_cast<long double>(std::numeric_limits<T>::max()) - exact) /
        std::ldexp(1.0L, std::numeric_limits<T>::max_exponent - std::numeric_limits<T>::digits));
  }
  if (std::isinf(got)) return HUGE_VAL;
  using Limits = std::numeric_limits<T>;
  const int exponent =
      exact == 0 ? Limits::min_exponent - 1 : std::max(std::ilogb(exact), Limits::min_exponent - 1);
  return static_cast<double>(std::fabs(static_cast<long double>(got) - exact) /
                             std::ldexp(1.0L, exponent - Limits::digits + 1));
}

// Numbers from all over T: evenly spaced bits, a dense range around 0 and 1, and the special ones.
template <class T>
std::vector<T> sample() {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  using Limits = std::numeric_limits<T>;
  std::vector<T> out{T(0),
                     T(-0.0),
                     Limits::infinity(),
                     -Limits::infinity(),
                     Limits::quiet_NaN(),
                     Limits::min(),
                     -Limits::min(),
                     Limits::denorm_min(),
                     -Limits::denorm_min(),
                     Limits::max(),
                     -Limits::max(),
                     T(1),
                     T(-1)};
  constexpr int count = 20000;
  const Bits step = Bits(~Bits(0) / count) | 1;
  for (Bits i = 0; i < count; ++i) out.push_back(std::bit_cast<T>(static_cast<Bits>(i * step)));
  for (int i = 0; i < count; ++i) {
    // A sine spreads the last bits.
    const double t = static_cast<double>(i) / count, noise = std::sin(i) * 1e-5;
    for (const double scale : {1e-3, 0.5, 1.5, 10.0, 100.0, 750.0})
      out.push_back(static_cast<T>((2 * t - 1) * scale * (1 + noise)));
    out.push_back(static_cast<T>(1 + (t - 0.5) / 4 + noise));
  }
  // Neighbours of multiples of pi/2.
  for (const double turns :
       {1.0, 2.0, 3.0, 7.0, 22.0, 355.0, 1e3, 12345.0, 1e5, 667543.0, 667544.0, 1e6, 1e8, 1e15}) {
    T x = static_cast<T>(turns * 1.5707963267948966);
    for (int i = 0; i < 10; ++i) x = std::nextafter(x, T(0));
    for (int i = 0; i < 20; ++i) {
      out.push_back(x);
      out.push_back(-x);
      x = std::nextafter(x, Limits::infinity());
    }
  }
  // Neighbours of where exp overflows and underflows.
  for (const double edge : {88.72283905206835, -87.3365447505531, -103.97207708, 709.782712893384,
                            -708.3964185322641, -745.1332191019411}) {
    T x = static_cast<T>(edge) - static_cast<T>(1e-3);
    for (int i = 0; i < 300; ++i) {
      out.push_back(x + static_cast<T>(i * 7e-6));
    }
    x = static_cast<T>(edge);
    for (int i = 0; i < 40; ++i) {
      out.push_back(x);
      x = std::nextafter(x, static_cast<T>(i < 20 ? -1e30 : 1e30));
    }
  }
  return out;
}

template <class T>
void check_accuracy(DType dtype) {
  std::vector<T> inputs = sample<T>();
  const Tensor x = from_blob(inputs.data(), {static_cast<std::int64_t>(inputs.size())}, dtype);
  for (const Function& f : functions) {
    std::vector<long double> exact;
    for (const T v : inputs) exact.push_back(f.reference(v));
    const EachLevel levels;
    levels([&](const std::string& level) {
      const auto got = elements<T>(f.function(x));
      double worst = 0;
      T where = 0;
      for (std::size_t i = 0; i < got.size(); ++i) {
        const double error = error_in_ulps(got[i], exact[i]);
        if (error > worst) {
          worst = error;
          where = inputs[i];
        }
      }
      CHECK_MESSAGE(worst <= f.ulps, level << " " << std::string(f.name) << " of " << name(dtype)
                                           << ": off by " << worst << " at " << where);
    });
  }
}

struct PairFunction {
  const char* name;
  Tensor (*function)(const Tensor&, const Tensor&);
  long double (*reference)(long double, long double);
};
constexpr PairFunction pair_functions[] = {
    {"pow", pow, std::pow}, {"atan2", atan2, std::atan2}, {"hypot", hypot_of, std::hypot}};

// Every special value beside every other, and random pairs; in double the C library's own types of overflow.
template <class T>
void check_pairs(DType dtype) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> special{T(0),
                         T(-0.0),
                         T(1),
                         T(-1),
                         T(2),
                         T(-2),
                         T(3),
                         T(-3),
                         T(0.5),
                         T(-0.5),
                         T(1.5),
                         T(-2.5),
                         Limits::infinity(),
                         -Limits::infinity(),
                         Limits::quiet_NaN(),
                         Limits::max(),
                         -Limits::max(),
                         Limits::min(),
                         -Limits::denorm_min(),
                         T(1e15),
                         T(-1e15),
                         T(16777217),
                         T(1e-9),
                         std::nextafter(T(1), T(2)),
                         std::nextafter(T(1), T(0))};
  std::vector<T> xs, ys;
  for (const T a : special) {
    for (const T b : special) {
      xs.push_back(a);
      ys.push_back(b);
    }
  }
  for (int i = 0; i < 20000; ++i) {
    const double u = std::sin(i * 1.7), v = std::cos(i * 2.3);
    const double base = std::exp(u * (i % 3 == 0 ? 1e-3 : i % 3 == 1 ? 3 : 60));
    xs.push_back(static_cast<T>(base));
    // Powers of all sizes.
    ys.push_back(static_cast<T>(v * Limits::max_exponent / std::log2(base)));
  }
  const auto count = static_cast<std::int64_t>(xs.size());
  const Tensor x = from_blob(xs.data(), {count}, dtype), y = from_blob(ys.data(), {count}, dtype);
  for (const PairFunction& f : pair_functions) {
    const EachLevel levels;
    levels([&](const std::string& level) {
      const auto got = elements<T>(f.function(x, y));
      for (std::size_t i = 0; i < got.size(); ++i) {
        const long double exact = f.reference(xs[i], ys[i]);
        const bool good = error_in_ulps(got[i], exact) <= 2 &&
                          (got[i] != 0 || exact != 0 || std::signbit(got[i]) == std::signbit(exact));
        REQUIRE_MESSAGE(good, level << " " << f.name << " of " << name(dtype) << ": " << xs[i] << " and "
                                    << ys[i] << " gave " << got[i] << ", not " << static_cast<double>(exact));
      }
    });
  }
}

}  // namespace

TEST_CASE("math: functions of two operands are accurate, and right for special values") {
  check_pairs<float>(float32);
  check_pairs<double>(float64);
}

TEST_CASE("math: exponents that have loops of their own agree with pow") {
  const double nan = std::nan(""), inf = HUGE_VAL;
  const Tensor x =
      tensor({0, -0.0, inf, -inf, nan, 1, -1, 2, -2.5, 0.3, 7, 1e30, 1e-30, -1e20, 3e-4}, float64);
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : {float16, bfloat16, float32, float64}) {
      for (const double e : {0.0, 1.0, 2.0, 3.0, 0.5, -0.5, -1.0, -2.0}) {
        const Tensor base = x.to(dtype);
        const Tensor wanted = pow(base.to(float64), full_like(x, e, float64)).to(dtype);
        CHECK_MESSAGE(ulp_distance(pow(base, e), wanted) <= 2, level << name(dtype) << e);
        CHECK_MESSAGE(ulp_distance(pow(base, full_like(base, e, dtype)), wanted) <= 2,
                      level << name(dtype) << e);
      }
    }
  });
}

TEST_CASE("math: float32 is accurate to the last places") { check_accuracy<float>(float32); }
TEST_CASE("math: float64 is accurate to the last places") { check_accuracy<double>(float64); }

TEST_CASE("math: half precision is rounded right, for every argument") {
  for (const DType dtype : {float16, bfloat16}) {
    std::vector<std::uint16_t> bits(65536);
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint16_t>(i);
    const Tensor x = from_blob(bits.data(), {65536}, dtype);
    for (const Function& f : functions) {
      std::vector<double> exact;
      for (const double v : to_vector<double>(x)) exact.push_back(static_cast<double>(f.reference(v)));
      const Tensor nearest = tensor(exact, {65536}, float64).to(dtype);
      const EachLevel levels;
      levels([&](const std::string& level) {
        // Rounded once from float: the nearest one, or its neighbour where that is almost as near.
        const Tensor got = f.function(x);
        CHECK_MESSAGE(ulp_distance(got, nearest) <= 1,
                      level << " " << std::string(f.name) << " of " << name(dtype));
        const Tensor off = logical_difference(got, nearest);
        CHECK(sum(off).item().to_double() < 300);
      });
    }
  }
}

TEST_CASE("math: special values") {
  const double nan = std::nan(""), inf = HUGE_VAL;
  const Tensor x = tensor({0, -0.0, inf, -inf, nan, 1}, float64);
  const auto values = [&](Tensor (*f)(const Tensor&)) { return to_vector<double>(f(x)); };
  const auto is = [](const std::vector<double>& got, const std::vector<double>& wanted) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      const bool same = std::isnan(wanted[i])
                            ? std::isnan(got[i])
                            : got[i] == wanted[i] && std::signbit(got[i]) == std::signbit(wanted[i]);
      if (!same) return false;
    }
    return true;
  };
  const EachLevel levels;
  levels([&](const std::string&) {
    CHECK(is(values(log), {-inf, -inf, inf, nan, nan, 0}));
    CHECK(is(values(sqrt), {0, -0.0, inf, nan, nan, 1}));
    CHECK(is(values(tanh), {0, -0.0, 1, -1, nan, to_vector<double>(tanh(x))[5]}));
    CHECK(is(values(sigmoid), {0.5, 0.5, 1, 0, nan, to_vector<double>(sigmoid(x))[5]}));
    CHECK(is(values(exp), {1, 1, inf, 0, nan, to_vector<double>(exp(x))[5]}));
    CHECK(is(values(abs), {0, 0, inf, inf, nan, 1}));
    CHECK(is(values(reciprocal), {inf, -inf, 0, -0.0, nan, 1}));
    const auto at_one = [&](Tensor (*f)(const Tensor&)) { return to_vector<double>(f(x))[5]; };
    CHECK(is(values(sin), {0, -0.0, nan, nan, nan, at_one(sin)}));
    CHECK(is(values(cos), {1, 1, nan, nan, nan, at_one(cos)}));
    CHECK(is(values(tan), {0, -0.0, nan, nan, nan, at_one(tan)}));
    CHECK(is(values(erf), {0, -0.0, 1, -1, nan, at_one(erf)}));
    CHECK(is(values(exp2), {1, 1, inf, 0, nan, 2}));
    CHECK(is(values(expm1), {0, -0.0, inf, -1, nan, at_one(expm1)}));
    CHECK(is(values(log1p), {0, -0.0, inf, nan, nan, at_one(log1p)}));
    CHECK(is(values(neg), {-0.0, 0, -inf, inf, nan, -1}));
  });
}

}  // namespace wick::test
