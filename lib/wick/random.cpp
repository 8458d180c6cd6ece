#include "wick/random.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "wick/creation.h"

namespace wick {

void Generator::seed(std::uint64_t seed) {
  seed_ = seed;
  kept_normal_.reset();
  // MT19937's own initialization (Matsumoto and Nishimura, 2002), from the low 32 bits.
  state_[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t i = 1; i < state_size; ++i) {
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
  position_ = state_size;
}

void Generator::refill() {
  constexpr int shift = 397;
  for (int i = 0; i < state_size; ++i) {
    const auto at = [this](int k) -> std::uint32_t& {
      return state_[static_cast<std::size_t>(k % state_size)];
    };
    const std::uint32_t y = (at(i) & 0x80000000u) | (at(i + 1) & 0x7fffffffu);
    at(i) = at(i + shift) ^ (y >> 1) ^ (y & 1u ? 0x9908b0dfu : 0u);
  }
  position_ = 0;
}

std::uint32_t Generator::next32() {
  if (position_ == state_size) refill();
  std::uint32_t y = state_[static_cast<std::size_t>(position_++)];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

double Generator::normal() {
  if (kept_normal_) {
    const double kept = *kept_normal_;
    kept_normal_.reset();
    return kept;
  }
  const double u1 = uniform53(), u2 = uniform53();
  const double radius = std::sqrt(-2 * std::log1p(-u2));
  const double angle = 2 * std::numbers::pi * u1;
  kept_normal_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

Generator& default_generator() {
  static Generator* generator = new Generator;  // never destroyed: drawn from until the very end
  return *generator;
}

void manual_seed(std::uint64_t seed) {
  Generator& g = default_generator();
  const std::lock_guard lock(g.mutex());
  g.seed(seed);
}

namespace {

// Calls draw(data, count) with the elements of a new contiguous tensor while the generator is held.
template <class Draw>
Tensor drawn(const char* operation, const Shape& shape, DType dtype, Draw draw) {
  if (!is_floating(dtype)) {
    throw DTypeError(std::string(operation) + " is defined for floating point dtypes only, not for " +
                     std::string(name(dtype)));
  }
  const Tensor out = empty(shape, dtype);
  Generator& g = default_generator();
  const std::lock_guard lock(g.mutex());
  dispatch(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (is_floating(dtype_of<T>)) draw(g, out.data<T>(), out.numel());
  });
  return out;
}

// The streams of half precision are float's with as many random bits as the significand has.
template <class T>
T uniform(Generator& g) {
  if constexpr (std::is_same_v<T, double>) {
    return g.uniform53();
  } else if constexpr (std::is_same_v<T, float>) {
    return g.uniform24();
  } else {
    constexpr int bits = std::is_same_v<T, Half> ? 11 : 8;
    return static_cast<float>(g.next32() & ((1u << bits) - 1)) / static_cast<float>(1u << bits);
  }
}

constexpr std::int64_t block = 16;

// Sixteen uniform values become eight pairs of normals (Box and Muller, 1958). As in PyTorch radius and angle
// are rounded to T, and for bfloat16 the functions' values too.
template <class T>
void to_normal(T* x) {
  using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const auto rounded = [](auto value) { return static_cast<C>(static_cast<T>(static_cast<C>(value))); };
  const auto value = [&](C v) { return std::is_same_v<T, BFloat16> ? rounded(v) : v; };
  for (int j = 0; j < block / 2; ++j) {
    const C u1 = C(1) - static_cast<C>(x[j]), u2 = static_cast<C>(x[j + block / 2]);
    const C radius = rounded(std::sqrt(C(-2) * value(std::log(u1))));
    const C angle = std::is_same_v<T, C> ? C(2) * std::numbers::pi_v<C> * u2
                                         : rounded(2 * std::numbers::pi * static_cast<double>(u2));
    x[j] = static_cast<T>(radius * value(std::cos(angle)));
    x[j + block / 2] = static_cast<T>(radius * value(std::sin(angle)));
  }
}

}  // namespace

Tensor rand(const Shape& shape, DType dtype) {
  return drawn("rand", shape, dtype, []<class T>(Generator& g, T* data, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) data[i] = uniform<T>(g);
  });
}

Tensor randn(const Shape& shape, DType dtype) {
  return drawn("randn", shape, dtype, []<class T>(Generator& g, T* data, std::int64_t n) {
    if (n < block) {
      for (std::int64_t i = 0; i < n; ++i) data[i] = static_cast<T>(g.normal());
      return;
    }
    for (std::int64_t i = 0; i < n; ++i) data[i] = uniform<T>(g);
    for (std::int64_t i = 0; i + block <= n; i += block) to_normal(data + i);
    if (n % block != 0) {
      // The last block starts anew, over what the one before has left.
      T* tail = data + n - block;
      for (std::int64_t i = 0; i < block; ++i) tail[i] = uniform<T>(g);
      to_normal(tail);
    }
  });
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, DType dtype) {
  if (low >= high) {
    throw Error("randint: low must be below high, " + std::to_string(low) + " and " + std::to_string(high) +
                " were given");
  }
  if (is_complex(dtype) || dtype == boolean)
    throw DTypeError("randint is not defined for " + std::string(name(dtype)));
  dispatch(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_integral_v<T>) {
      if (low < std::numeric_limits<T>::min() || high - 1 > std::numeric_limits<T>::max()) {
        throw Error("randint: " + std::string(name(dtype)) + " cannot hold all of [" + std::to_string(low) +
                    ", " + std::to_string(high) + ")");
      }
    }
  });
  const Tensor out = empty(shape, dtype);
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  Generator& g = default_generator();
  const std::lock_guard lock(g.mutex());
  dispatch(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (!is_complex(dtype_of<T>) && !std::is_same_v<T, bool>) {
      T* data = out.data<T>();
      for (std::int64_t i = 0; i < out.numel(); ++i) {
        const std::uint64_t drawn = range >= (std::uint64_t{1} << 32) ? g.next64() : g.next32();
        data[i] = static_cast<T>(static_cast<std::int64_t>(drawn % range + static_cast<std::uint64_t>(low)));
      }
    }
  });
  return out;
}

}  // namespace wick
