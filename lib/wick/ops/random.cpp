#include "wick/ops/random.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/questions.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/reduction.h"

namespace wick {
namespace {

// A generator, held while this lives.
struct LockedGenerator {
  explicit LockedGenerator(Generator& held) : generator(held) {}
  Generator& generator;
  std::lock_guard<std::recursive_mutex> lock{generator.mutex()};
  Generator* operator->() { return &generator; }
};

[[noreturn]] void refuse(const char* operation, const char* rule, double given) {
  fail(operation, "{}, {} was given", rule, given);
}

// Calls draw(generator, data, count) for the memory of a new dense tensor, from its beginning to its end; for
// complex numbers, where they are allowed, with twice as many real ones.
template <bool complex_too = false, class Draw>
Tensor drawn(const char* operation, Generator& generator, const Tensor& out, Draw draw) {
  dispatch(out.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_floating(dtype_of<T>)) {
      LockedGenerator locked(generator);
      draw(generator, out.data<T>(), out.numel());
    } else if constexpr (complex_too && is_complex(dtype_of<T>)) {
      LockedGenerator locked(generator);
      draw(generator, reinterpret_cast<typename T::value_type*>(out.data<T>()), 2 * out.numel());
    } else {
      throw DTypeError(std::string(operation) + " is defined for floating point dtypes only, not for " +
                       std::string(name(out.dtype())));
    }
  });
  return out;
}

// What T is computed in.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;

// How many of the generator's numbers an element of type T takes, and the uniform number in [0, 1) that they
// make. The streams of half precision are float's with as many random bits as the significand has.
template <class T>
inline constexpr int draws = std::is_same_v<T, double> ? 2 : 1;
template <class T>
Wide<T> to_uniform(const std::uint32_t* drawn) {
  if constexpr (std::is_same_v<T, double>) {
    const std::uint64_t both = static_cast<std::uint64_t>(drawn[0]) << 32 | drawn[1];
    return static_cast<double>(static_cast<std::int64_t>(both & ((std::uint64_t{1} << 53) - 1))) * 0x1p-53;
  } else {
    constexpr int bits = std::is_same_v<T, float> ? 24 : std::is_same_v<T, Half> ? 11 : 8;
    return static_cast<float>(static_cast<std::int32_t>(drawn[0] & ((1u << bits) - 1))) *
           (1.0f / static_cast<float>(1u << bits));
  }
}

// Calls use(i, u) for i from 0 to n - 1 with a uniform number in [0, 1) of the stream of type T.
template <class T, class Use>
void each_uniform(Generator& g, std::int64_t n, Use use) {
  constexpr std::int64_t most = 512;
  std::uint32_t numbers[most * draws<T>];
  for (std::int64_t begin = 0; begin < n; begin += most) {
    const std::int64_t count = std::min(n - begin, most);
    g.draw(numbers, count * draws<T>);
    for (std::int64_t i = 0; i < count; ++i) use(begin + i, to_uniform<T>(numbers + i * draws<T>));
  }
}

// Replaces numbers by a function of theirs.
template <class T>
void replace(kernels::Unary function, T* x, std::int64_t n) {
  kernels::Block block{};
  block.n = n;
  block.rows = 1;
  for (int k = 0; k < 2; ++k) {
    block.data[k] = reinterpret_cast<char*>(x);
    block.step[k] = sizeof(T);
  }
  kernels::table().unary[function][index_of(dtype_of<T>)](block, nullptr);
}

// Sixteen uniform values become eight pairs of normals (Box and Muller, 1958): the first eight give the
// radii, the others the angles.
constexpr std::int64_t block = 16, pairs = block / 2;

template <class T>
requires std::is_floating_point_v<T>
void to_normals(T* x, std::int64_t blocks, T mean, T std) {
  constexpr std::int64_t most = 64;  // blocks at a time
  T radius[most * pairs], sine[most * pairs], cosine[most * pairs];
  for (; blocks > 0; blocks -= most, x += most * block) {
    check_interrupt();
    const std::int64_t count = std::min(blocks, most) * pairs;
    for (std::int64_t i = 0; i < count; ++i) {
      const T* own = x + i / pairs * block + i % pairs;
      radius[i] = 1 - own[0];
      sine[i] = cosine[i] = 2 * std::numbers::pi_v<T> * own[pairs];
    }
    replace(kernels::Unary::Log, radius, count);
    for (std::int64_t i = 0; i < count; ++i) radius[i] = -2 * radius[i];
    replace(kernels::Unary::Sqrt, radius, count);
    replace(kernels::Unary::Sin, sine, count);
    replace(kernels::Unary::Cos, cosine, count);
    for (std::int64_t i = 0; i < count; ++i) {
      T* own = x + i / pairs * block + i % pairs;
      own[0] = radius[i] * cosine[i] * std + mean;
      own[pairs] = radius[i] * sine[i] * std + mean;
    }
  }
}

// Half precision: as in PyTorch radius and angle are rounded to T, and for bfloat16 the functions' values
// too.
template <class T>
requires(!std::is_floating_point_v<T>) void to_normals(T* x, std::int64_t blocks, float mean, float std) {
  const auto rounded = [](auto value) {
    return static_cast<float>(static_cast<T>(static_cast<float>(value)));
  };
  const auto value = [&](float v) { return std::is_same_v<T, BFloat16> ? rounded(v) : v; };
  for (std::int64_t i = 0; i < blocks * pairs; ++i) {
    if (i % 1024 == 0) check_interrupt();
    T* own = x + i / pairs * block + i % pairs;
    const float u1 = 1 - static_cast<float>(own[0]), u2 = static_cast<float>(own[pairs]);
    const float radius = rounded(std::sqrt(-2 * value(std::log(u1))));
    const float angle = rounded(2 * std::numbers::pi * static_cast<double>(u2));
    own[0] = static_cast<T>(radius * value(std::cos(angle)) * std + mean);
    own[pairs] = static_cast<T>(radius * value(std::sin(angle)) * std + mean);
  }
}

// In blocks where the tensor is contiguous and fills one at least, as PyTorch does it.
template <bool complex_too = false>
Tensor fill_normal(const char* operation, Generator& generator, const Tensor& out, double mean, double std) {
  const bool contiguous = out.is_contiguous();
  return drawn<complex_too>(operation, generator, out, [=]<class T>(Generator& g, T* data, std::int64_t n) {
    if (!contiguous || n < block) {
      for (std::int64_t i = 0; i < n; ++i)
        data[i] = static_cast<T>(static_cast<Wide<T>>(mean + std * g.normal()));
      return;
    }
    const auto m = static_cast<Wide<T>>(mean), s = static_cast<Wide<T>>(std);
    each_uniform<T>(g, n, [&](std::int64_t i, Wide<T> u) { data[i] = static_cast<T>(u); });
    to_normals(data, n / block, m, s);
    if (n % block != 0) {
      // The last block starts anew, over what the one before has left.
      T* tail = data + n - block;
      each_uniform<T>(g, block, [&](std::int64_t i, Wide<T> u) { tail[i] = static_cast<T>(u); });
      to_normals(tail, 1, m, s);
    }
  });
}

// The next number towards minus infinity.
template <class T>
T below(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::nextafter(x, -std::numeric_limits<T>::infinity());
  } else {
    T out = x;
    out.raw = static_cast<std::uint16_t>((x.raw & 0x7fffu) == 0 ? 0x8001u
                                         : x.raw & 0x8000u      ? x.raw + 1u
                                                                : x.raw - 1u);
    return out;
  }
}

// The next number towards infinity.
template <class T>
T above(T x) {
  const auto negative = [](T v) { return static_cast<T>(-static_cast<Wide<T>>(v)); };
  return negative(below(negative(x)));
}

// The least number of a floating point type that is not below x.
template <class T>
T at_least(double x) {
  const T rounded = static_cast<T>(x);
  return static_cast<double>(rounded) < x ? above(rounded) : rounded;
}

Tensor fill_uniform(const char* operation, Generator& generator, const Tensor& out, double low, double high) {
  return drawn(operation, generator, out, [=]<class T>(Generator& g, T* data, std::int64_t n) {
    const auto from = static_cast<Wide<T>>(low), to = static_cast<Wide<T>>(high), range = to - from;
    if (from == 0 && range == 1) {
      each_uniform<T>(g, n, [&](std::int64_t i, Wide<T> u) { data[i] = static_cast<T>(u); });
      return;
    }
    const bool wide = !std::isfinite(range);
    // The end itself, which rounding may give, becomes the value before it.
    const T last = below(static_cast<T>(to));
    const T first = at_least<T>(low);
    if (low < high && static_cast<double>(first) >= high)
      fail(operation, "{} has no number in [{}, {})", out.dtype(), low, high);
    each_uniform<T>(g, n, [&](std::int64_t i, Wide<T> u) {
      // A fused product and sum, rounded once: what PyTorch's compiled loop does on x86-64 with FMA.
      const T value = static_cast<T>(wide ? from * (1 - u) + to * u : std::fma(u, range, from));
      const auto rounded = static_cast<Wide<T>>(value);
      data[i] = range == 0 ? value : rounded >= to ? last : rounded < from ? first : value;
    });
  });
}

Tensor fill_integers(Generator& generator, const Tensor& out, std::int64_t low, std::int64_t high) {
  if (low >= high) fail("randint", "low must be below high, {} and {} were given", low, high);
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  dispatch(out.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_complex(dtype_of<T>) || std::is_same_v<T, bool>) {
      throw DTypeError("randint is not defined for " + std::string(name(out.dtype())));
    } else {
      const bool held = is_floating(dtype_of<T>) ? std::max(std::fabs(static_cast<double>(low)),
                                                            std::fabs(static_cast<double>(high - 1))) <=
                                                       largest_finite(dtype_of<T>)
                                                 : fits(low, out.dtype()) && fits(high - 1, out.dtype());
      if (!held) fail("randint", "{} cannot hold all of [{}, {})", out.dtype(), low, high);
      // Floating point may round the ends out of the range.
      T least = static_cast<T>(low), most = static_cast<T>(high - 1);
      if constexpr (is_floating(dtype_of<T>)) {
        const auto whole = [](T x) { return Scalar(static_cast<double>(x)).to_int(); };
        if (whole(least) < low) least = above(least);
        if (whole(most) >= high) most = below(most);
        if (static_cast<double>(least) > static_cast<double>(most))
          fail("randint", "{} has no number in [{}, {})", out.dtype(), low, high);
      }
      LockedGenerator locked(generator);
      T* data = out.data<T>();
      const auto put = [&](std::int64_t i, std::uint64_t rest) {
        const T value = static_cast<T>(static_cast<std::int64_t>(rest + static_cast<std::uint64_t>(low)));
        data[i] = value < least ? least : value > most ? most : value;
      };
      if (range >= (std::uint64_t{1} << 32)) {
        for (std::int64_t i = 0; i < out.numel(); ++i) put(i, locked->next64() % range);
        return;
      }
      std::uint32_t numbers[512];
      for (std::int64_t begin = 0; begin < out.numel(); begin += std::ssize(numbers)) {
        const std::int64_t count = std::min<std::int64_t>(out.numel() - begin, std::ssize(numbers));
        locked->draw(numbers, count);
        for (std::int64_t i = 0; i < count; ++i)
          put(begin + i, numbers[i] % static_cast<std::uint32_t>(range));
      }
    }
  });
  return out;
}

}  // namespace

// --- The generator's state

void manual_seed(std::uint64_t seed) { LockedGenerator(default_generator())->seed(seed); }

std::uint64_t seed() {
  std::random_device entropy;
  const std::uint64_t high = entropy() & 0x7fffffffu;
  const std::uint64_t seed = high << 32 | entropy();
  manual_seed(seed);
  return seed;
}

std::uint64_t initial_seed() { return LockedGenerator(default_generator())->initial_seed(); }

namespace {

// The numbers of a state: what tells it from other tensors, how far it has come, zeros, and their checksum.
constexpr std::int64_t state_numbers = 64, state_mark = 0x7769636b726e6731;
enum StateField { Mark, Seed, Refills, Position, HasNormal, Normal, Checksum = state_numbers - 1 };

std::int64_t checksum(const std::int64_t* state) {
  std::uint64_t h = 0xcbf29ce484222325;  // FNV-1a over whole words
  for (int i = 0; i < Checksum; ++i) h = (h ^ static_cast<std::uint64_t>(state[i])) * 0x100000001b3;
  return static_cast<std::int64_t>(h);
}

bool is_state(const Tensor& x) {
  if (x.dtype() != int64 || x.sizes() != Shape{state_numbers}) return false;
  const std::int64_t* state = x.data<std::int64_t>();
  return state[Mark] == state_mark && state[Position] >= 0 && state[Position] <= Generator::size &&
         state[Checksum] == checksum(state);
}

}  // namespace

Tensor get_rng_state(Generator& generator) {
  const Generator::State now = LockedGenerator(generator)->state();
  const Tensor out = zeros({state_numbers}, int64);
  std::int64_t* state = out.data<std::int64_t>();
  state[Mark] = state_mark;
  state[Seed] = static_cast<std::int64_t>(now.seed);
  state[Refills] = static_cast<std::int64_t>(now.refills);
  state[Position] = now.position;
  state[HasNormal] = now.kept_normal.has_value();
  state[Normal] = std::bit_cast<std::int64_t>(now.kept_normal.value_or(0));
  state[Checksum] = checksum(state);
  return out;
}

void set_rng_state(const Tensor& given, Generator& generator) {
  if (given.numel() == 0) return;
  const Tensor x = given.detach().contiguous();
  if (is_state(x)) {
    const std::int64_t* state = x.data<std::int64_t>();
    Generator::State wanted;
    wanted.seed = static_cast<std::uint64_t>(state[Seed]);
    wanted.refills = static_cast<std::uint64_t>(state[Refills]);
    wanted.position = static_cast<int>(state[Position]);
    if (state[HasNormal]) wanted.kept_normal = std::bit_cast<double>(state[Normal]);
    LockedGenerator(generator)->set_state(wanted);
    return;
  }
  const Scalar first = x.flatten()[0].item();
  if (!(first.to_double() >= 0) || !fits(first, int64)) {
    refuse("set_rng_state", "the first element serves as a seed and must be 0 or greater", first.to_double());
  }
  LockedGenerator(generator)->seed(static_cast<std::uint64_t>(first.to_int()));
}

// --- Uniform and normal numbers

Tensor rand(const Shape& shape, Generator& generator, DType dtype) {
  return fill_uniform("rand", generator, empty(shape, dtype), 0, 1);
}
Tensor rand_like(const Tensor& x, DType dtype, Generator& generator) {
  return fill_uniform("rand_like", generator, empty_like(x, dtype), 0, 1);
}

namespace {

// The parts of complex numbers have half the variance each.
Tensor fill_standard_normal(const char* operation, Generator& generator, const Tensor& out) {
  return fill_normal<true>(operation, generator, out, 0,
                           is_complex(out.dtype()) ? 1 / std::numbers::sqrt2 : 1);
}

}  // namespace

Tensor randn(const Shape& shape, Generator& generator, DType dtype) {
  return fill_standard_normal("randn", generator, empty(shape, dtype));
}
Tensor randn_like(const Tensor& x, DType dtype, Generator& generator) {
  return fill_standard_normal("randn_like", generator, empty_like(x, dtype));
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& generator, DType dtype) {
  return fill_integers(generator, empty(shape, dtype), low, high);
}
Tensor randint_like(const Tensor& x, std::int64_t low, std::int64_t high, DType dtype, Generator& generator) {
  return fill_integers(generator, empty_like(x, dtype), low, high);
}

Tensor uniform(double low, double high, const Shape& shape, Generator& generator, DType dtype) {
  if (!std::isfinite(low) || !std::isfinite(high) || !(low <= high)) {
    fail("uniform", "low and high must be finite and low not above high, {} and {} were given", low, high);
  }
  if (is_floating(dtype) && std::max(std::fabs(low), std::fabs(high)) > largest_finite(dtype)) {
    fail("uniform", "{} cannot hold all of [{}, {})", dtype, low, high);
  }
  return fill_uniform("uniform", generator, empty(shape, dtype), low, high);
}

Tensor normal(double mean, double std, const Shape& shape, Generator& generator, DType dtype) {
  if (!(std >= 0)) refuse("normal", "std must be 0 or greater", std);
  return fill_normal("normal", generator, empty(shape, dtype), mean, std);
}

Tensor exponential(double rate, const Shape& shape, Generator& generator, DType dtype) {
  if (!(rate > 0)) refuse("exponential", "rate must be greater than 0", rate);
  return drawn("exponential", generator, empty(shape, dtype),
               [=]<class T>(Generator& g, T* data, std::int64_t n) {
                 double u[512];
                 for (std::int64_t begin = 0; begin < n; begin += std::ssize(u)) {
                   const std::int64_t count = std::min<std::int64_t>(n - begin, std::ssize(u));
                   each_uniform<double>(g, count, [&](std::int64_t i, double value) { u[i] = -value; });
                   replace(kernels::Unary::Log1p, u, count);
                   for (std::int64_t i = 0; i < count; ++i)
                     data[begin + i] = static_cast<T>(static_cast<Wide<T>>(-u[i] / rate));
                 }
               });
}

namespace {

// Whether the dtype holds all whole numbers from 0 to x.
bool holds_whole(std::int64_t x, DType dtype) {
  const int digits = dtype == float16 ? 11 : dtype == bfloat16 ? 8 : dtype == float32 ? 24 : 53;
  return is_floating(dtype) ? x <= std::int64_t{1} << digits : fits(x, dtype);
}

}  // namespace

Tensor randperm(std::int64_t n, Generator& generator, DType dtype) {
  if (n < 0) fail("randperm", "n must be 0 or greater, {} was given", n);
  if (dtype == boolean || is_complex(dtype)) fail<DTypeError>("randperm", "not defined for {}", dtype);
  if (n > 0 && !holds_whole(n - 1, dtype)) fail("randperm", "{} cannot hold {}", dtype, n - 1);
  const Tensor out = arange(n, int64);
  std::int64_t* data = out.data<std::int64_t>();
  {
    LockedGenerator locked(generator);
    for (std::int64_t i = 0; i < n - 1; ++i) std::swap(data[i], data[i + locked->next32() % (n - i)]);
  }
  return out.to(dtype);
}

// --- Distributions with a parameter for each element

namespace {

// draw(generator, x) for the elements of x in row-major order, into a new contiguous tensor.
template <class Draw>
Tensor drawn_from(const char* operation, Generator& generator, const Tensor& x, Draw draw) {
  const Tensor from = x.detach().contiguous();
  return drawn(operation, generator, empty(x.sizes(), x.dtype()),
               [&]<class T>(Generator& g, T* data, std::int64_t n) {
                 const T* parameter = from.data<T>();
                 for (std::int64_t i = 0; i < n; ++i) data[i] = static_cast<T>(draw(g, parameter[i]));
               });
}

// The error names the first element that does not satisfy the rule.
template <class Holds>
void check_elements(const char* operation, const Tensor& x, const char* rule, Holds holds) {
  const Tensor values = x.detach().contiguous();
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_floating(dtype_of<T>)) {
      const T* data = values.data<T>();
      for (std::int64_t i = 0; i < values.numel(); ++i) {
        ask_after(i);
        if (!holds(static_cast<double>(data[i]))) refuse(operation, rule, static_cast<double>(data[i]));
      }
    } else {
      throw DTypeError(std::string(operation) + " is defined for floating point dtypes only, not for " +
                       std::string(name(x.dtype())));
    }
  });
}

// Counts the uniform factors whose product stays above exp(-mean) (Knuth, 1969).
double small_poisson(Generator& g, double mean) {
  const double bound = std::exp(-mean);
  double count = 0;
  for (double product = g.uniform53(); product > bound; product *= g.uniform53()) ++count;
  return count;
}

// std::lgamma writes the sign into a variable of the process, which threads may not share.
double log_factorial(double k) {
  int sign;
  return lgamma_r(k + 1, &sign);
}

// Transformed rejection with squeeze: algorithm PTRS of Hoermann, "The transformed rejection method for
// generating Poisson random variables" (1993), whose names these are.
double large_poisson(Generator& g, double mu) {
  const double b = 0.931 + 2.53 * std::sqrt(mu);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = g.uniform53() - 0.5;
    const double v = g.uniform53();
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + mu + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const double left = std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b);
    if (left <= -mu + k * std::log(mu) - log_factorial(k)) return k;
  }
}

// Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); below 1 by their remark on
// alpha + 1 and a power of a uniform number. The third in d has single precision, as it has in PyTorch.
double gamma(Generator& g, double alpha) {
  double scale = 1;
  if (alpha < 1) {
    scale = std::pow(1 - g.uniform53(), 1 / alpha);
    alpha += 1;
  }
  const double d = alpha - 1.0f / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x, root;
    do {
      x = g.normal();
      root = 1 + c * x;
    } while (root <= 0);
    const double v = root * root * root, u = 1 - g.uniform53(), xx = x * x;
    if (u < 1 - 0.0331 * xx * xx || std::log(u) < 0.5 * xx + d * (1 - v + std::log(v))) return scale * d * v;
  }
}

constexpr auto is_probability = [](double p) { return p >= 0 && p <= 1; };

}  // namespace

Tensor poisson(const Tensor& x, Generator& generator) {
  check_elements("poisson", x, "means must be finite and 0 or greater",
                 [](double mean) { return mean >= 0 && std::isfinite(mean); });
  return drawn_from("poisson", generator, x, []<class T>(Generator& g, T mean) {
    const auto mu = static_cast<double>(mean);
    const double count = mu >= 10 ? large_poisson(g, mu) : mu == 0 ? 0 : small_poisson(g, mu);
    return static_cast<Wide<T>>(count);
  });
}

Tensor standard_gamma(const Tensor& x, Generator& generator) {
  if (x.dtype() != float32 && x.dtype() != float64) {
    throw DTypeError("standard_gamma is defined for float32 and float64 only, not for " +
                     std::string(name(x.dtype())));
  }
  check_elements("standard_gamma", x, "elements must be finite and greater than 0",
                 [](double alpha) { return alpha > 0 && std::isfinite(alpha); });
  return drawn_from("standard_gamma", generator, x, []<class T>(Generator& g, T alpha) {
    const auto value = static_cast<Wide<T>>(gamma(g, static_cast<double>(alpha)));
    return std::max(value, std::numeric_limits<Wide<T>>::min());
  });
}

Tensor bernoulli(const Tensor& p, Generator& generator) {
  check_elements("bernoulli", p, "probabilities must be from 0 to 1", is_probability);
  const Tensor from = p.detach().contiguous();
  return drawn("bernoulli", generator, empty(p.sizes(), p.dtype()),
               [&]<class T>(Generator& g, T* data, std::int64_t n) {
                 using C = Wide<T>;
                 const T* probability = from.data<T>();
                 each_uniform<C>(g, n, [&](std::int64_t i, C u) {
                   data[i] = static_cast<T>(u < static_cast<C>(probability[i]) ? 1.0f : 0.0f);
                 });
               });
}

namespace {

// `value` with probability p, else 0.
template <class T>
void fill_bernoulli(Generator& generator, const Tensor& out, double p, T value) {
  LockedGenerator locked(generator);
  T* data = out.data<T>();
  // No branch, which the processor would guess wrong.
  const T choice[] = {static_cast<T>(0.0f), value};
  each_uniform<double>(generator, out.numel(), [&](std::int64_t i, double u) { data[i] = choice[u < p]; });
}

}  // namespace

Tensor bernoulli(const Tensor& x, double p, Generator& generator) {
  if (!is_probability(p)) refuse("bernoulli", "p must be from 0 to 1", p);
  const Tensor out = empty(x.sizes(), x.dtype());
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) { fill_bernoulli(generator, out, p, static_cast<T>(1.0f)); });
  return out;
}

// --- Weighted positions

namespace {

// A power of two that brings the weights far below overflow; 1 for all but huge ones.
template <class T>
Wide<T> scale_of(const T* weights, std::int64_t n) {
  using C = Wide<T>;
  C most = 0;
  for (std::int64_t i = 0; i < n; ++i) most = std::max(most, static_cast<C>(weights[i]));
  const C limit = std::ldexp(C(1), std::numeric_limits<C>::max_exponent / 2);
  return most <= limit ? C(1) : 1 / limit;
}

// Positions of `count` uniform numbers among the running sums of the weights, which end at 1.
template <class T>
void with_replacement(Generator& g, const T* weights, std::int64_t n, std::int64_t count, std::int64_t* out) {
  std::vector<Wide<T>> sums(static_cast<std::size_t>(n));
  const Wide<T> scale = scale_of(weights, n);
  Wide<T> total = 0;
  for (std::int64_t i = 0; i < n; ++i)
    sums[static_cast<std::size_t>(i)] = total += static_cast<Wide<T>>(weights[i]) * scale;
  for (auto& sum : sums) sum /= total;
  sums.back() = 1;
  each_uniform<double>(g, count, [&](std::int64_t i, double u) {
    out[i] = std::lower_bound(sums.begin(), sums.end(), u,
                              [](Wide<T> sum, double value) { return static_cast<double>(sum) < value; }) -
             sums.begin();
  });
}

// The largest of the weights over exponential numbers (Efraimidis and Spirakis, 2006), in falling order.
template <class T>
void without_replacement(Generator& g, const T* weights, std::int64_t n, std::int64_t count,
                         std::int64_t* out) {
  using C = Wide<T>;
  std::vector<C> keys(static_cast<std::size_t>(n));
  const C scale = scale_of(weights, n);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto q = static_cast<C>(static_cast<T>(static_cast<C>(g.exponential())));
    const C key = static_cast<C>(weights[i]) * scale / q;
    // Half precision ties as PyTorch's does, but where it would overflow.
    const C rounded = static_cast<C>(static_cast<T>(key));
    keys[static_cast<std::size_t>(i)] = std::isfinite(rounded) ? rounded : key;
  }
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::partial_sort(order.begin(), order.begin() + count, order.end(), [&](std::int64_t a, std::int64_t b) {
    const C x = keys[static_cast<std::size_t>(a)], y = keys[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
  });
  std::copy_n(order.begin(), count, out);
}

}  // namespace

Tensor multinomial(const Tensor& weights, std::int64_t count, bool replacement, Generator& generator) {
  if (weights.dim() != 1 && weights.dim() != 2) {
    throw ShapeError("multinomial: weights must have 1 or 2 dimensions, shape " + to_string(weights.sizes()) +
                     " was given");
  }
  const std::int64_t n = weights.size(-1), rows = weights.dim() == 1 ? 1 : weights.size(0);
  if (count < 1)
    refuse("multinomial", "the number of draws must be greater than 0", static_cast<double>(count));
  if (!replacement && count > n) {
    throw Error("multinomial: " + std::to_string(count) + " draws without replacement from " +
                std::to_string(n) + " positions");
  }
  check_elements("multinomial", weights, "weights must be finite and 0 or greater",
                 [](double w) { return w >= 0 && std::isfinite(w); });
  const Tensor w = weights.detach().contiguous();
  const Tensor out = empty(weights.dim() == 1 ? Shape{count} : Shape{rows, count}, int64);
  std::int64_t* positions = out.data<std::int64_t>();
  dispatch(w.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_floating(dtype_of<T>)) {
      const T* data = w.data<T>();
      for (std::int64_t r = 0; r < rows; ++r) {
        if (std::all_of(data + r * n, data + (r + 1) * n, [](T x) { return static_cast<Wide<T>>(x) == 0; }))
          throw Error("multinomial: the weights of row " + std::to_string(r) + " are all 0");
      }
      LockedGenerator locked(generator);
      const auto draw = replacement ? with_replacement<T> : without_replacement<T>;
      for (std::int64_t r = 0; r < rows; ++r) draw(generator, data + r * n, n, count, positions + r * count);
    }
  });
  return out;
}

Tensor dropout(const Tensor& x, double p, bool training, Generator& generator) {
  if (!is_probability(p)) refuse("dropout", "p must be from 0 to 1", p);
  if (!training || p == 0 || x.numel() == 0) return x;
  if (is_integral(x.dtype())) fail<DTypeError>("dropout", "not defined for {}", x.dtype());
  if (p == 1) return mul(x, zeros_like(x));
  // 0, or what keeps the mean.
  const Tensor factor = empty(x.sizes(), x.dtype());
  dispatch(x.dtype(), [&]<class T>(TypeTag<T>) {
    if constexpr (is_floating(dtype_of<T>)) {
      fill_bernoulli(generator, factor, 1 - p,
                     static_cast<T>(1 / static_cast<Wide<T>>(static_cast<T>(1 - p))));
    }
  });
  return mul(x, is_floating(x.dtype()) ? factor : div(bernoulli(x, 1 - p, generator), 1 - p));
}

}  // namespace wick
