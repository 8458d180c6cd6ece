#include <algorithm>
#include <new>
#include <vector>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/kernels/sparse.h"
#include "wick/ops/complex.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"
#include "wick/sparse/functions.h"
#include "wick/sparse/pattern.h"

namespace wick::sparse {
namespace {

using Place = std::int64_t;

// What products of the dtype are computed in.
DType product_dtype(DType dtype) { return is_half(dtype) ? float32 : is_integral(dtype) ? int64 : dtype; }

void check_factors(const char* operation, DType a, DType b) {
  check_same_dtype(operation, a, b);
  if (a == boolean) fail<DTypeError>(operation, "not defined for bool");
}

// With the elements of a row one after another.
Tensor dense_rows(const Tensor& x) { return x.stride(1) == 1 && x.stride(0) >= 0 ? x : x.contiguous(); }

// How many lines are worth a thread where each has so many additions on average.
std::int64_t least_lines(std::int64_t lines, std::int64_t additions) {
  const std::int64_t each = additions / std::max<std::int64_t>(lines, 1) + 1;
  return std::max<std::int64_t>(parallel::grain / each, 1);
}

Tensor in_order(const Tensor& values, const Compressed& lines) {
  return lines.order.defined() ? index_select(values, 0, lines.order) : values.contiguous();
}

}  // namespace

Tensor times_dense(const Tensor& values, const Tensor& dense, const PatternPtr& pattern, bool transposed) {
  const Compressed& lines = transposed ? pattern->by_columns() : pattern->by_rows();
  const std::int64_t rows = lines.pointers.numel() - 1, width = dense.size(1);
  const DType dtype = values.dtype(), computed = product_dtype(dtype);
  Tensor out = empty({rows, width}, computed);
  {
    const NoGrad no_grad;
    const Tensor x = dense_rows(dense.detach().to(computed));
    const Tensor own = in_order(values.detach(), lines).to(computed);
    kernels::SparseProduct p{.begin = 0,
                             .end = 0,
                             .width = width,
                             .pointers = lines.pointers.data<Place>(),
                             .columns = lines.columns.data<Place>(),
                             .values = own.raw_data(),
                             .dense = x.raw_data(),
                             .dense_row = x.stride(0),
                             .out = out.raw_data()};
    const auto product = kernels::table().sparse_product[index_of(computed)];
    parallel_for(rows, least_lines(rows, pattern->nnz() * width / 4 + rows * width),
                 [&](std::int64_t begin, std::int64_t end) {
                   kernels::SparseProduct part = p;
                   part.begin = begin;
                   part.end = end;
                   product(part);
                 });
    out = out.to(dtype);
  }
  return record("sparse_mm", out,
                wrt(values, saving(dense, pattern, transposed),
                    [](const Tensor& g, const Tensor& d, const PatternPtr& places, bool turned) {
                      return turned ? sampled(conj(d), g, places) : sampled(g, conj(d), places);
                    }),
                wrt(dense, saving(values, pattern, transposed),
                    [](const Tensor& g, const Tensor& v, const PatternPtr& places, bool turned) {
                      return times_dense(conj(v), g, places, !turned);
                    }));
}

Tensor sampled(const Tensor& a, const Tensor& b, const PatternPtr& pattern) {
  const Compressed& lines = pattern->by_rows();
  const std::int64_t rows = lines.pointers.numel() - 1, width = a.size(1);
  const DType dtype = a.dtype(), computed = product_dtype(dtype);
  Tensor out = empty({pattern->nnz()}, computed);
  {
    const NoGrad no_grad;
    const Tensor x = dense_rows(a.detach().to(computed)), y = dense_rows(b.detach().to(computed));
    kernels::SampledProduct p{.begin = 0,
                              .end = 0,
                              .width = width,
                              .pointers = lines.pointers.data<Place>(),
                              .columns = lines.columns.data<Place>(),
                              .a = x.raw_data(),
                              .b = y.raw_data(),
                              .a_row = x.stride(0),
                              .b_row = y.stride(0),
                              .out = out.raw_data()};
    const auto product = kernels::table().sampled_product[index_of(computed)];
    parallel_for(rows, least_lines(rows, pattern->nnz() * (width / 4 + 4)),
                 [&](std::int64_t begin, std::int64_t end) {
                   kernels::SampledProduct part = p;
                   part.begin = begin;
                   part.end = end;
                   product(part);
                 });
    out = out.to(dtype);
    if (lines.order.defined()) {
      const Tensor ordered = empty({pattern->nnz()}, dtype);
      index_put_(ordered, {lines.order}, out);
      out = ordered;
    }
  }
  return record("sampled_mm", out,
                wrt(a, saving(b, pattern),
                    [](const Tensor& g, const Tensor& y, const PatternPtr& places) {
                      return times_dense(g, conj(y), places, false);
                    }),
                wrt(b, saving(a, pattern), [](const Tensor& g, const Tensor& x, const PatternPtr& places) {
                  return times_dense(g, conj(x), places, true);
                }));
}

// --- The product of two sparse matrices, row by row (F. Gustavson, "Two fast algorithms for sparse
// matrices", ACM TOMS 4 (1978)). With c = sum a[e] b[f] over the pairs of entries that meet at an entry of C,
// all three are alike: the derivative with respect to a is the sum of c b over the same pairs.

namespace {

enum class Side { A, B, C };

struct Triple {
  PatternPtr a, b, c;  // of Csr tensors
};

// The places of the product: pointers and columns.
std::pair<Tensor, Tensor> places_of_product(const Pattern& a, const Pattern& b) {
  const std::int64_t rows = a.shape()[0], across = b.shape()[1], words = (across + 63) / 64;
  const Place *ap = a.pointers().data<Place>(), *ac = a.inner().data<Place>();
  const Place *bp = b.pointers().data<Place>(), *bc = b.inner().data<Place>();
  const Tensor marks = zeros({words}, int64), pointers = zeros({rows + 1}, int64);
  auto* mark = reinterpret_cast<std::uint64_t*>(marks.raw_data());
  std::vector<Place> columns, touched;
  // So many at the most, if no two of them meet.
  std::int64_t pairs = 0;
  for (std::int64_t e = 0; e < a.nnz(); ++e) pairs += bp[ac[e] + 1] - bp[ac[e]];
  columns.reserve(static_cast<std::size_t>(std::min(pairs, INT64_C(1) << 24)));
  const auto take_word = [&](Place w) {
    for (std::uint64_t bits = std::exchange(mark[w], 0); bits != 0; bits &= bits - 1)
      columns.push_back(w * 64 + __builtin_ctzll(bits));
  };
  for (std::int64_t r = 0; r < rows; ++r) {
    if (r % 1024 == 0) check_interrupt({r, rows});
    touched.clear();
    for (Place e = ap[r]; e < ap[r + 1]; ++e) {
      for (Place f = bp[ac[e]]; f < bp[ac[e] + 1]; ++f) {
        std::uint64_t& word = mark[bc[f] / 64];
        if (word == 0) touched.push_back(bc[f] / 64);
        word |= std::uint64_t{1} << bc[f] % 64;
      }
    }
    // All words in turn, or those that were touched in their order, whichever is less work.
    if (words / 16 < std::ssize(touched)) {
      for (Place w = 0; w < words; ++w) take_word(w);
    } else {
      std::sort(touched.begin(), touched.end());
      for (const Place w : touched) take_word(w);
    }
    pointers.data<Place>()[r + 1] = std::ssize(columns);
  }
  const Tensor inner = empty({std::ssize(columns)}, int64);
  std::copy(columns.begin(), columns.end(), inner.data<Place>());
  return {pointers, inner};
}

// What long sums of T are taken in.
template <class T>
using SumOf =
    std::conditional_t<std::is_same_v<T, float>, double,
                       std::conditional_t<std::is_same_v<T, std::complex<float>>, std::complex<double>, T>>;

template <class T>
void add_product(T& sum, const T& x, const T& y) {
  if constexpr (std::is_same_v<T, std::complex<double>>) {
    // Without the rules for infinities, as in the products of dense matrices.
    sum += T(x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real());
  } else {
    sum += x * y;
  }
}

// The sums for one side, of those of the two others.
template <class T>
void contract(Side side, const Triple& t, const T* a, const T* b, const T* c, T* out) {
  using Sum = SumOf<T>;
  const Place *ap = t.a->pointers().data<Place>(), *ac = t.a->inner().data<Place>();
  const Place *bp = t.b->pointers().data<Place>(), *bc = t.b->inner().data<Place>();
  const Place *cp = t.c->pointers().data<Place>(), *cc = t.c->inner().data<Place>();
  const std::int64_t rows = t.a->shape()[0], across = t.b->shape()[1];
  const DType sums = dtype_of<std::conditional_t<std::is_same_v<Sum, std::uint64_t>, std::int64_t, Sum>>;
  // Rows of A share the entries of B.
  const Tensor totals = side == Side::B ? zeros({t.b->nnz()}, sums) : Tensor();
  Sum* const total = totals.defined() ? reinterpret_cast<Sum*>(totals.raw_data()) : nullptr;
  const auto some_rows = [&](std::int64_t begin, std::int64_t end) {
    const Tensor buffer = empty({across}, sums);
    Sum* const row = reinterpret_cast<Sum*>(buffer.raw_data());  // of C, at its columns
    for (std::int64_t r = begin; r < end; ++r) {
      for (Place g = cp[r]; g < cp[r + 1]; ++g) row[cc[g]] = side == Side::C ? Sum() : Sum(c[g]);
      for (Place e = ap[r]; e < ap[r + 1]; ++e) {
        const Place first = bp[ac[e]], last = bp[ac[e] + 1];
        if (side == Side::C) {
          for (Place f = first; f < last; ++f) add_product(row[bc[f]], Sum(a[e]), Sum(b[f]));
        } else if (side == Side::A) {
          Sum sum{};
          for (Place f = first; f < last; ++f) add_product(sum, row[bc[f]], Sum(b[f]));
          out[e] = static_cast<T>(sum);
        } else {
          for (Place f = first; f < last; ++f) add_product(total[f], row[bc[f]], Sum(a[e]));
        }
      }
      if (side != Side::C) continue;
      for (Place g = cp[r]; g < cp[r + 1]; ++g) out[g] = static_cast<T>(row[cc[g]]);
    }
  };
  if (side == Side::B) {
    some_rows(0, rows);
    for (std::int64_t f = 0; f < t.b->nnz(); ++f) out[f] = static_cast<T>(total[f]);
  } else {
    // The buffer of each piece must be worth it.
    parallel_for(rows, std::max(least_lines(rows, 4 * t.c->nnz()), rows / 64), some_rows);
  }
}

Tensor contracted(Side side, const Tensor& x, const Tensor& y, const Triple& t);

Tensor run_contract(Side side, const Tensor& x, const Tensor& y, const Triple& t) {
  const NoGrad no_grad;
  const DType dtype = x.dtype(), computed = product_dtype(dtype);
  const Tensor first = x.detach().to(computed).contiguous(), second = y.detach().to(computed).contiguous();
  const PatternPtr& places = side == Side::A ? t.a : side == Side::B ? t.b : t.c;
  const Tensor out = empty({places->nnz()}, computed);
  const auto run = [&]<class T>(TypeTag<T>) {
    const auto at = [](const Tensor& v) { return reinterpret_cast<T*>(v.raw_data()); };
    const T *p = at(first), *q = at(second);
    if (side == Side::C) {
      contract<T>(side, t, p, q, nullptr, at(out));
    } else if (side == Side::A) {
      contract<T>(side, t, nullptr, q, p, at(out));
    } else {
      contract<T>(side, t, q, nullptr, p, at(out));
    }
  };
  switch (computed) {
    case float32:
      run(TypeTag<float>{});
      break;
    case float64:
      run(TypeTag<double>{});
      break;
    case complex64:
      run(TypeTag<std::complex<float>>{});
      break;
    case complex128:
      run(TypeTag<std::complex<double>>{});
      break;
    default:
      run(TypeTag<std::uint64_t>{});  // which wraps
  }
  return out.to(dtype);
}

// Side C of (a, b), A of (c, b), B of (c, a).
Tensor contracted(Side side, const Tensor& x, const Tensor& y, const Triple& t) {
  const Tensor out = run_contract(side, x, y, t);
  return record("sparse_product", out,
                wrt(x, saving(y, side, t.a, t.b, t.c),
                    [](const Tensor& g, const Tensor& other, Side of, const PatternPtr& a,
                       const PatternPtr& b, const PatternPtr& c) {
                      const Triple places{a, b, c};
                      // With respect to a, c and c.
                      if (of == Side::C) return contracted(Side::A, g, conj(other), places);
                      return of == Side::A ? contracted(Side::C, g, conj(other), places)
                                           : contracted(Side::C, conj(other), g, places);
                    }),
                wrt(y, saving(x, side, t.a, t.b, t.c),
                    [](const Tensor& g, const Tensor& other, Side of, const PatternPtr& a,
                       const PatternPtr& b, const PatternPtr& c) {
                      const Triple places{a, b, c};
                      // With respect to b, b and a.
                      if (of == Side::C) return contracted(Side::B, g, conj(other), places);
                      return of == Side::A ? contracted(Side::B, conj(other), g, places)
                                           : contracted(Side::A, conj(other), g, places);
                    }));
}

void check_inner(const char* operation, const Shape& a, const Shape& b) {
  if (a[1] != b[0])
    fail<ShapeError>(operation, "shapes {} and {} cannot be multiplied: the inner sizes differ", a, b);
}

void check_dense_matrix(const char* operation, const Tensor& x) {
  if (x.dim() != 2)
    fail<ShapeError>(operation, "the dense factor must be a matrix, shape {} was given", x.sizes());
}

}  // namespace

Tensor mm(const SparseTensor& a, const Tensor& b) {
  check_matrix("mm", a);
  check_dense_matrix("mm", b);
  check_inner("mm", a.sizes(), b.sizes());
  check_factors("mm", a.dtype(), b.dtype());
  return times_dense(a.values(), b, a.shared_pattern(), false);
}

Tensor mm(const Tensor& a, const SparseTensor& b) {
  check_dense_matrix("mm", a);
  check_matrix("mm", b);
  check_inner("mm", a.sizes(), b.sizes());
  check_factors("mm", a.dtype(), b.dtype());
  return times_dense(b.values(), a.t(), b.shared_pattern(), true).t();
}

SparseTensor mm(const SparseTensor& a, const SparseTensor& b) {
  check_matrix("mm", a);
  check_matrix("mm", b);
  check_inner("mm", a.sizes(), b.sizes());
  check_factors("mm", a.dtype(), b.dtype());
  const SparseTensor x = a.to_sparse(Layout::Csr), y = b.to_sparse(Layout::Csr);
  const Shape shape{a.size(0), b.size(1)};
  numel(shape);  // a ShapeError
  std::pair<Tensor, Tensor> places;
  try {
    places = places_of_product(x.pattern(), y.pattern());
  } catch (const std::bad_alloc&) {
    throw MemoryError("mm: not enough memory for the places of the product");
  }
  const PatternPtr pattern = Pattern::compressed(Layout::Csr, shape, places.first, places.second);
  const Triple triple{x.shared_pattern(), y.shared_pattern(), pattern};
  const SparseTensor product(pattern, contracted(Side::C, x.values(), y.values(), triple));
  return product.to_sparse(a.layout() == b.layout() ? a.layout() : Layout::Coo);
}

Tensor mv(const SparseTensor& a, const Tensor& x) {
  if (x.dim() != 1) fail<ShapeError>("mv", "a vector is needed, shape {} was given", x.sizes());
  return mm(a, x.unsqueeze(1)).squeeze(1);
}

SparseTensor sampled_mm(const SparseTensor& mask, const Tensor& a, const Tensor& b) {
  check_matrix("sampled_mm", mask);
  check_dense_matrix("sampled_mm", a);
  check_dense_matrix("sampled_mm", b);
  check_inner("sampled_mm", a.sizes(), b.sizes());
  check_factors("sampled_mm", a.dtype(), b.dtype());
  check_same_shape("sampled_mm", mask.sizes(), {a.size(0), b.size(1)});
  const SparseTensor places = mask.coalesce();
  return places.with_values(sampled(a, b.t(), places.shared_pattern()));
}

}  // namespace wick::sparse
