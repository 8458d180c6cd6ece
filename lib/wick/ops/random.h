#pragma once

#include "wick/core/tensor.h"
#include "wick/ops/generator.h"

// Random tensors. After manual_seed(s) they are those that PyTorch's CPU generator gives after
// torch.manual_seed(s). Unless said otherwise dtypes are floating point, DTypeError for others.
//
// Every function draws from the process's generator, or from the one that it is given: with a generator of
// its own each thread has a stream that the others do not disturb.
//
//   Generator own(42);
//   Tensor x = randn({3}, own);

namespace WICK_API wick {

void manual_seed(std::uint64_t seed);
// Starts from a seed of 63 bits taken from the system's entropy, and returns it.
std::uint64_t seed();
// The seed that the generator was last started from.
std::uint64_t initial_seed();

// How far the generator has come, as 64 int64 numbers; set_rng_state brings it back there. Of a tensor that
// get_rng_state did not make the first element is a seed, and one without elements changes nothing.
Tensor get_rng_state(Generator& generator = default_generator());
void set_rng_state(const Tensor& state, Generator& generator = default_generator());

// Uniform in [0, 1).
Tensor rand(const Shape& shape, Generator& generator, DType dtype = float32);
inline Tensor rand(const Shape& shape, DType dtype = float32) {
  return rand(shape, default_generator(), dtype);
}
// Standard normal. Complex dtypes too: real and imaginary part are independent, with variance 1/2 each.
Tensor randn(const Shape& shape, Generator& generator, DType dtype = float32);
inline Tensor randn(const Shape& shape, DType dtype = float32) {
  return randn(shape, default_generator(), dtype);
}
// Whole numbers in [low, high). Any dtype but bool and complex; an integer dtype must hold them all. Error
// unless low < high.
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& generator,
               DType dtype = int64);
inline Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, DType dtype = int64) {
  return randint(low, high, shape, default_generator(), dtype);
}
// The whole numbers from 0 to n - 1 in random order. Any dtype but bool and complex that holds them.
Tensor randperm(std::int64_t n, Generator& generator, DType dtype = int64);
inline Tensor randperm(std::int64_t n, DType dtype = int64) {
  return randperm(n, default_generator(), dtype);
}

// The same in the shape and memory order of x, and in its dtype unless one is given; memory is filled from
// its beginning to its end.
Tensor rand_like(const Tensor& x, DType dtype, Generator& generator = default_generator());
Tensor randn_like(const Tensor& x, DType dtype, Generator& generator = default_generator());
Tensor randint_like(const Tensor& x, std::int64_t low, std::int64_t high, DType dtype,
                    Generator& generator = default_generator());
inline Tensor rand_like(const Tensor& x, Generator& generator = default_generator()) {
  return rand_like(x, x.dtype(), generator);
}
inline Tensor randn_like(const Tensor& x, Generator& generator = default_generator()) {
  return randn_like(x, x.dtype(), generator);
}
inline Tensor randint_like(const Tensor& x, std::int64_t low, std::int64_t high,
                           Generator& generator = default_generator()) {
  return randint_like(x, low, high, x.dtype(), generator);
}

// low + (high - low) times a uniform number. Error unless both are finite and low <= high.
Tensor uniform(double low, double high, const Shape& shape, Generator& generator, DType dtype = float32);
inline Tensor uniform(double low, double high, const Shape& shape, DType dtype = float32) {
  return uniform(low, high, shape, default_generator(), dtype);
}
// mean + std times a standard normal number. Error unless std >= 0.
Tensor normal(double mean, double std, const Shape& shape, Generator& generator, DType dtype = float32);
inline Tensor normal(double mean, double std, const Shape& shape, DType dtype = float32) {
  return normal(mean, std, shape, default_generator(), dtype);
}
// Density rate exp(-rate x). Error unless rate > 0.
Tensor exponential(double rate, const Shape& shape, Generator& generator, DType dtype = float32);
inline Tensor exponential(double rate, const Shape& shape, DType dtype = float32) {
  return exponential(rate, shape, default_generator(), dtype);
}

// Of x's shape and dtype: counts with mean x (Error unless x >= 0); values with density proportional to
// t^(x-1) exp(-t) (Error unless x > 0), float32 and float64 only.
Tensor poisson(const Tensor& x, Generator& generator = default_generator());
Tensor standard_gamma(const Tensor& x, Generator& generator = default_generator());

// 1 with the probability that the element of p is, else 0, in its shape and dtype; or with one probability
// for all, in the shape and any dtype of x. Error unless probabilities are within [0, 1].
Tensor bernoulli(const Tensor& p, Generator& generator = default_generator());
Tensor bernoulli(const Tensor& x, double p, Generator& generator = default_generator());

// Positions in the rows of `weights` (1-d or 2-d), each drawn with a probability proportional to its weight:
// int64, (count) or (rows, count). Error unless weights are finite, none negative and not all 0, and without
// replacement for more draws than there are positions.
Tensor multinomial(const Tensor& weights, std::int64_t count, bool replacement = false,
                   Generator& generator = default_generator());

// In training x with each element set to 0 with probability p and the others divided by 1 - p; else x.
// Differentiable. Error unless 0 <= p <= 1.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true,
               Generator& generator = default_generator());

}  // namespace wick
