#include "wick/ops/views.h"

#include <algorithm>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/infer_size.h"

namespace wick {

Shape infer_size(std::int64_t elements, const Shape& asked) {
  Shape shape = asked;
  std::int64_t known = 1;
  int open = -1;
  const auto invalid = [&] {
    return ShapeError("shape '" + to_string(asked) + "' is invalid for input of size " +
                      std::to_string(elements));
  };
  for (int d = 0; d < shape.size(); ++d) {
    if (shape[d] == -1) {
      if (open >= 0)
        throw ShapeError("only one dimension can be inferred, shape " + to_string(asked) + " has more");
      open = d;
    } else if (shape[d] < 0 || __builtin_mul_overflow(known, shape[d], &known)) {
      throw invalid();
    }
  }
  if (open >= 0) {
    if (known == 0 || elements % known != 0) throw invalid();
    shape[open] = elements / known;
    known *= shape[open];
  }
  if (known != elements) throw invalid();
  numel(shape);
  return shape;
}

namespace {

// Strides under which the same memory has the new shape, if there are any: each run of old dimensions that
// lie behind one another without gaps may be cut anew.
bool view_strides(const Tensor& x, const Shape& shape, Strides& strides) {
  strides = Strides::filled(shape.size(), 1);
  int d = shape.size() - 1;
  std::int64_t run = 1;  // elements of the current run of old dimensions
  std::int64_t cut = 1;  // elements of new dimensions laid over it
  std::int64_t base = x.dim() > 0 ? x.strides().back() : 1;
  for (int s = x.dim() - 1; s >= 0; --s) {
    run *= x.sizes()[s];
    const bool ends = s == 0 || (x.sizes()[s - 1] != 1 && x.strides()[s - 1] != run * base);
    if (!ends) continue;
    while (d >= 0 && (cut < run || shape[d] == 1)) {
      strides[d] = cut * base;
      cut *= shape[d--];
    }
    if (cut != run) return false;
    if (s > 0) {
      base = x.strides()[s - 1];
      run = cut = 1;
    }
  }
  for (; d >= 0; --d) strides[d] = cut * base;
  return true;
}

// Part of x's memory, which knows the tensor at the root of it.
Tensor linked(const Tensor& x, Shape shape, Strides strides, std::int64_t offset, DType dtype) {
  Tensor out = make_view(x, std::move(shape), std::move(strides), x.raw_data() + offset, dtype);
  TensorBody& body = *out.body();
  body.base = x.body()->base ? x.body()->base : Ref<TensorBody>(x.body());
  body.changes.store(x.body()->changes.load(std::memory_order_acquire), std::memory_order_relaxed);
  return out;
}

// A view recorded with the operation that leads back from its gradient to that of x. Where there are no
// elements, an offset of bytes might not even be a number of 64 bits: {0, 2^62} has a slice that starts at
// 2^60.
template <class... T, class Back>
Tensor view(const char* name, const Tensor& x, Shape shape, Strides strides, std::int64_t offset,
            autograd::Saving<T...> saved, Back back) {
  const std::int64_t bytes = x.numel() == 0 ? 0 : offset * x.itemsize();
  const Tensor out = linked(x, std::move(shape), std::move(strides), bytes, x.dtype());
  return record(name, out, {x}, saved, back);
}

// Zeros of the shape in which `place(zeros, what is saved...)` is replaced by g; itself differentiable.
template <class... T, class Place>
Tensor embed(const Tensor& g, const Shape& shape, DType dtype, autograd::Saving<T...> saved, Place place) {
  Tensor out = zeros(shape, dtype);
  {
    const NoGrad no_grad;
    std::apply([&](const T&... values) { place(out, values...).copy_(g); }, saved.values);
  }
  return record("embed", out, {g}, saved, place);
}
template <class... T, class Place>
Tensor embed(const Tensor& g, const Shape& shape, autograd::Saving<T...> saved, Place place) {
  return embed(g, shape, g.dtype(), saved, place);
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& asked) {
  const Shape shape = infer_size(x.numel(), asked);
  const auto back = [](const Tensor& g, const Shape& from) { return reshape(g, from); };
  const auto saved = saving(x.sizes());
  if (x.is_contiguous()) return view("reshape", x, shape, contiguous_strides(shape), 0, saved, back);
  Strides strides;
  if (view_strides(x, shape, strides)) return view("reshape", x, shape, strides, 0, saved, back);
  const Tensor dense = x.contiguous();
  return view("reshape", dense, shape, contiguous_strides(shape), 0, saved, back);
}

Tensor flatten(const Tensor& x, std::int64_t start, std::int64_t end) {
  const int rank = x.dim();
  const int first = wrap_dim(start, rank), last = wrap_dim(end, rank);
  if (rank == 0) return x.reshape({1});
  if (first > last) fail("flatten", "dimension {} comes after dimension {}", start, end);
  Shape shape;
  std::int64_t merged = 1;
  for (int d = 0; d < rank; ++d) {
    if (d < first || d > last) {
      shape.push_back(x.size(d));
      continue;
    }
    merged *= x.size(d);
    if (d == last) shape.push_back(merged);
  }
  return x.reshape(shape);
}

Tensor permute(const Tensor& x, const Dims& dims) {
  if (dims.size() != x.dim()) {
    throw ShapeError("permute wants each of the " + std::to_string(x.dim()) + " dimensions once, dims " +
                     to_string(dims) + " was given");
  }
  Shape shape;
  Strides strides;
  Dims inverse = Dims::filled(x.dim(), -1);
  for (int i = 0; i < dims.size(); ++i) {
    const int d = wrap_dim(dims[i], x.dim());
    if (inverse[d] != -1) throw ShapeError("permute was given a dim twice: " + to_string(dims));
    inverse[d] = i;
    shape.push_back(x.sizes()[d]);
    strides.push_back(x.strides()[d]);
  }
  return view("permute", x, shape, strides, 0, saving(inverse),
              [](const Tensor& g, const Dims& order) { return permute(g, order); });
}

Tensor transpose(const Tensor& x, std::int64_t dim0, std::int64_t dim1) {
  const int a = wrap_dim(dim0, x.dim()), b = wrap_dim(dim1, x.dim());
  if (a == b) return x;
  Shape shape = x.sizes();
  Strides strides = x.strides();
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  return view("transpose", x, shape, strides, 0, saving(a, b),
              [](const Tensor& g, int c, int d) { return transpose(g, c, d); });
}

Tensor movedim(const Tensor& x, std::int64_t source, std::int64_t destination) {
  const int from = wrap_dim(source, x.dim()), to = wrap_dim(destination, x.dim());
  Dims dims;
  for (int d = 0; d < x.dim(); ++d) {
    if (d != from) dims.push_back(d);
  }
  if (x.dim() > 0) dims.insert(to, from);
  return permute(x, dims);
}

Tensor expand(const Tensor& x, const Shape& asked) {
  if (asked == x.sizes()) return x;
  const int added = asked.size() - x.dim();
  const auto refuse = [&](const std::string& why) {
    throw ShapeError("expand: shape " + to_string(x.sizes()) + " cannot become " + to_string(asked) + ": " +
                     why);
  };
  if (added < 0) refuse("it must have as many dimensions at least");
  Shape shape = asked;
  Strides strides = Strides::filled(asked.size(), 0);
  for (int d = 0; d < shape.size(); ++d) {
    const int own = d - added;
    if (own < 0) {
      if (shape[d] < 0) refuse("-1 is not allowed for a dimension that does not exist yet");
      continue;
    }
    const std::int64_t size = x.sizes()[own];
    if (shape[d] == -1) shape[d] = size;
    if (shape[d] == size) {
      strides[d] = x.strides()[own];
    } else if (size != 1 || shape[d] < 0) {
      refuse("size " + std::to_string(shape[d]) + " must match the existing size " + std::to_string(size) +
             " at dimension " + std::to_string(d));
    }
  }
  // The engine sums the gradient back to x's shape.
  return view("expand", x, shape, strides, 0, saving(), [](const Tensor& g) { return g; });
}

Tensor unsqueeze(const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim() + 1);
  Shape shape = x.sizes();
  Strides strides = x.strides();
  strides.insert(d, d < x.dim() ? strides[d] * std::max<std::int64_t>(shape[d], 1) : 1);
  shape.insert(d, 1);
  return view("unsqueeze", x, shape, strides, 0, saving(d),
              [](const Tensor& g, int added) { return squeeze(g, added); });
}

Tensor squeeze(const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  if (x.dim() == 0 || x.sizes()[d] != 1) return x;
  Shape shape = x.sizes();
  Strides strides = x.strides();
  shape.erase(d);
  strides.erase(d);
  return view("squeeze", x, shape, strides, 0, saving(d),
              [](const Tensor& g, int dropped) { return unsqueeze(g, dropped); });
}

Tensor squeeze(const Tensor& x) {
  Tensor out = x;
  for (int d = x.dim() - 1; d >= 0; --d) out = squeeze(out, d);
  return out;
}

Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index) {
  if (x.dim() == 0) throw IndexError("select: a 0-d tensor has no dimension to select from");
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t size = x.sizes()[d];
  if (index < -size || index >= size) {
    throw IndexError("index " + std::to_string(index) + " is out of range for dimension " +
                     std::to_string(d) + " of size " + std::to_string(size));
  }
  const std::int64_t i = index < 0 ? index + size : index;
  Shape shape = x.sizes();
  Strides strides = x.strides();
  shape.erase(d);
  strides.erase(d);
  return view("select", x, shape, strides, i * x.strides()[d], saving(d, i, x.sizes()),
              [](const Tensor& g, int along, std::int64_t at, const Shape& from) {
                return embed(g, from, saving(along, at),
                             [](const Tensor& whole, int own_dim, std::int64_t place) {
                               return select(whole, own_dim, place);
                             });
              });
}

namespace {

// The arguments of slice.
struct Cut {
  int dim;
  std::int64_t start, end, step;
};

}  // namespace

Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (x.dim() == 0) throw IndexError("slice: a 0-d tensor has no dimension to slice");
  if (step < 1) throw IndexError("slice: step must be 1 or more, " + std::to_string(step) + " was given");
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t size = x.sizes()[d];
  const auto cut = [size](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size); };
  const std::int64_t first = cut(start), last = std::max(cut(end), first);
  if (first == 0 && last == size && step == 1) return x;
  Shape shape = x.sizes();
  Strides strides = x.strides();
  shape[d] = last > first ? (last - first - 1) / step + 1 : 0;
  if (shape[d] > 1) strides[d] *= step;
  return view("slice", x, shape, strides, first * x.strides()[d],
              saving(Cut{d, first, last, step}, x.sizes()),
              [](const Tensor& g, const Cut& cut_out, const Shape& from) {
                return embed(g, from, saving(cut_out), [](const Tensor& whole, const Cut& c) {
                  return slice(whole, c.dim, c.start, c.end, c.step);
                });
              });
}

Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length) {
  const int d = wrap_dim(dim, x.dim());
  const std::int64_t size = x.size(d);
  const std::int64_t first = start < 0 ? start + size : start;
  if (first < 0 || length < 0 || first > size || length > size - first) {
    throw IndexError("narrow: start " + std::to_string(start) + " and length " + std::to_string(length) +
                     " exceed dimension " + std::to_string(d) + " of size " + std::to_string(size));
  }
  return slice(x, d, first, first + length);
}

Tensor narrow_copy(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length) {
  const Tensor part = narrow(x, dim, start, length);
  return part.is_contiguous() ? part.clone() : part.contiguous();
}

Tensor diagonal(const Tensor& x, std::int64_t offset, std::int64_t dim1, std::int64_t dim2) {
  const int a = wrap_dim(dim1, x.dim()), b = wrap_dim(dim2, x.dim());
  if (a == b) {
    throw ShapeError("diagonal: two different dimensions are needed, " + std::to_string(dim1) + " and " +
                     std::to_string(dim2) + " were given");
  }
  // The first element that counts along each of the two; an offset beyond the sizes leaves nothing.
  const std::int64_t skip_a = -std::clamp<std::int64_t>(offset, -x.sizes()[a], 0);
  const std::int64_t skip_b = std::clamp<std::int64_t>(offset, 0, x.sizes()[b]);
  const std::int64_t length = std::min(x.sizes()[a] - skip_a, x.sizes()[b] - skip_b);
  Shape shape = x.sizes();
  Strides strides = x.strides();
  const std::int64_t step = strides[a] + strides[b];
  const std::int64_t start = length > 0 ? skip_a * strides[a] + skip_b * strides[b] : 0;
  for (const int d : {std::max(a, b), std::min(a, b)}) {
    shape.erase(d);
    strides.erase(d);
  }
  shape.push_back(length);
  strides.push_back(step);
  return view("diagonal", x, shape, strides, start, saving(offset, a, b, x.sizes()),
              [](const Tensor& g, std::int64_t line, int rows, int columns, const Shape& from) {
                return embed(g, from, saving(line, rows, columns),
                             [](const Tensor& whole, std::int64_t k, int m, int n) {
                               return diagonal(whole, k, m, n);
                             });
              });
}

namespace {

Tensor part(const Tensor& x, int which) {
  Strides strides = x.strides();
  for (auto& s : strides) s *= 2;
  return linked(x, x.sizes(), strides, which * x.itemsize() / 2, real_dtype(x.dtype()));
}

}  // namespace

Tensor real(const Tensor& x) {
  if (!is_complex(x.dtype())) return x;
  return record("real", part(x, 0), {x}, [](const Tensor& g) { return g; });
}

Tensor imag(const Tensor& x) {
  if (!is_complex(x.dtype())) {
    throw DTypeError("imag is defined for complex tensors only, not for " + std::string(name(x.dtype())));
  }
  return record("imag", part(x, 1), {x}, [](const Tensor& g) {
    return embed(g, g.sizes(), promote_types(g.dtype(), complex64), saving(),
                 [](const Tensor& whole) { return imag(whole); });
  });
}

Tensor Tensor::reshape(const Shape& shape) const { return wick::reshape(*this, shape); }
Tensor Tensor::permute(const Dims& dims) const { return wick::permute(*this, dims); }
Tensor Tensor::transpose(std::int64_t a, std::int64_t b) const { return wick::transpose(*this, a, b); }
Tensor Tensor::t() const {
  if (dim() > 2)
    throw ShapeError("t: at most 2 dimensions are expected, shape " + to_string(sizes()) + " has more");
  return dim() < 2 ? *this : wick::transpose(*this, 0, 1);
}
Tensor Tensor::expand(const Shape& shape) const { return wick::expand(*this, shape); }
Tensor Tensor::unsqueeze(std::int64_t d) const { return wick::unsqueeze(*this, d); }
Tensor Tensor::squeeze(std::int64_t d) const { return wick::squeeze(*this, d); }
Tensor Tensor::select(std::int64_t d, std::int64_t index) const { return wick::select(*this, d, index); }
Tensor Tensor::slice(std::int64_t d, std::int64_t start, std::int64_t end, std::int64_t step) const {
  return wick::slice(*this, d, start, end, step);
}

}  // namespace wick
