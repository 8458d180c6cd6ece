#include "wick/kernels/element.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {
namespace {

using kernels::Ternary;
using kernels::TernaryParameters;

// Runs f over a block of three inputs. Dense rows, and those whose last input is repeated, get loops of their
// own, which the compiler vectorizes.
template <class T, class F>
WICK_INLINE void elementwise3(const Block& b, F f) {
  const auto dense = [&](int k) { return b.step[k] == sizeof(T); };
  const bool first_three = dense(0) && dense(1) && dense(2);
  for (int64_t r = 0; r < b.rows; ++r) {
    char* at[4];
    for (int k = 0; k < 4; ++k) at[k] = b.data[k] + r * b.row_step[k];
    T* o = reinterpret_cast<T*>(at[0]);
    const T *x = reinterpret_cast<const T*>(at[1]), *y = reinterpret_cast<const T*>(at[2]),
            *z = reinterpret_cast<const T*>(at[3]);
    if (first_three && dense(3)) {
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) o[i] = f(x[i], y[i], z[i]);
    } else if (first_three && b.step[3] == 0) {
      const T repeated = *z;
      WICK_IVDEP
      for (int64_t i = 0; i < b.n; ++i) o[i] = f(x[i], y[i], repeated);
    } else {
      for (int64_t i = 0; i < b.n; ++i) {
        const auto element = [&](int k) { return *reinterpret_cast<const T*>(at[k] + i * b.step[k]); };
        *reinterpret_cast<T*>(at[0] + i * b.step[0]) = f(element(1), element(2), element(3));
      }
    }
  }
}

template <class C>
WICK_INLINE bool is_below_half(C weight) {
  return weight < C(0.5);
}
template <class T>
WICK_INLINE bool is_below_half(Complex<T> weight) {
  return weight.re * weight.re + weight.im * weight.im < T(0.25);
}

// From the nearer end, so that weights of 0 and 1 give the ends.
template <class T>
void lerp(const Block& b, const void*) {
  using C = Compute<T>;
  elementwise3<T>(b, [](T from, T to, T weight) {
    const C x = cast<C>(from), y = cast<C>(to), w = cast<C>(weight), length = y - x;
    const C left = x + w * length, right = y - length * (cast<C>(1.0f) - w);
    return cast<T>(is_below_half(w) ? left : right);
  });
}

template <class C>
C factor(const void* parameters) {
  const auto* p = static_cast<const TernaryParameters*>(parameters);
  if constexpr (class_of<C> == Class::Complex) {
    return cast<C>(Complex<double>{p->real, p->imag});
  } else if constexpr (is_whole<C>) {
    return static_cast<C>(p->integer);
  } else {
    return static_cast<C>(p->real);
  }
}

template <class T>
void add_product(const Block& b, const void* parameters) {
  using C = Compute<T>;
  const C by = factor<C>(parameters);
  elementwise3<T>(b, [by](T x, T y, T z) { return cast<T>(cast<C>(x) + by * cast<C>(y) * cast<C>(z)); });
}
template <class T>
void add_quotient(const Block& b, const void* parameters) {
  using C = Compute<T>;
  const C by = factor<C>(parameters);
  elementwise3<T>(b, [by](T x, T y, T z) { return cast<T>(cast<C>(x) + by * cast<C>(y) / cast<C>(z)); });
}

template <class T>
WICK_INLINE void register_loops(kernels::Table& t, int dtype) {
  if constexpr (class_of<T> != Class::Bool) t.ternary[Ternary::AddCMul][dtype] = add_product<T>;
  if constexpr (!is_whole<T>) {
    t.ternary[Ternary::AddCDiv][dtype] = add_quotient<T>;
    t.ternary[Ternary::Lerp][dtype] = lerp<T>;
  }
}

}  // namespace

void add_ternary(kernels::Table& table) {
  each_dtype([&]<int i>() { register_loops<typename TypeAt<i>::type>(table, i); });
}

}  // namespace WICK_LEVEL
}  // namespace wick
