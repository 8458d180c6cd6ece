#include "wick/ops/indexing.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <type_traits>
#include <vector>

#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/reduction.h"
#include "wick/ops/scatter.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// Whether all are in [0, size - 1]: then neither they nor what they leave to the last one has a sign. Without
// a branch for each, so that the loop is vectorized.
bool all_within(const std::int64_t* p, std::int64_t n, std::int64_t size) {
  constexpr int together = 8;
  const auto last = static_cast<std::uint64_t>(size - 1);
  std::uint64_t signs[together] = {};
  const auto look = [&](std::uint64_t at, std::uint64_t& sign) { sign |= at | (last - at); };
  std::int64_t i = 0;
  for (; i + together <= n; i += together) {
    for (int l = 0; l < together; ++l) look(static_cast<std::uint64_t>(p[i + l]), signs[l]);
  }
  for (; i < n; ++i) look(static_cast<std::uint64_t>(p[i]), signs[0]);
  for (int l = 1; l < together; ++l) signs[0] |= signs[l];
  return signs[0] >> 63 == 0;
}

// The positions as int64 without gaps.
Tensor whole_index(const char* operation, const Tensor& index) {
  if (index.dtype() != int64 && index.dtype() != int32) {
    throw DTypeError(std::string(operation) + ": the index must be int64 or int32, " +
                     std::string(name(index.dtype())) + " was given");
  }
  const NoGrad no_grad;
  return index.to(int64).contiguous();
}

// The same, each within [0, size - 1].
Tensor checked_index(const char* operation, const Tensor& index, std::int64_t size) {
  const Tensor positions = whole_index(operation, index);
  const std::int64_t* p = positions.data<std::int64_t>();
  const std::int64_t n = positions.numel();
  if (!all_within(p, n, size)) {
    const auto outside = [size](std::int64_t i) { return i < 0 || i >= size; };
    if (const auto* found = std::find_if(p, p + n, outside); found != p + n)
      fail<IndexError>(operation, "index {} is out of range for size {}", *found, size);
  }
  return positions;
}

struct Axis {
  int dim;
  std::int64_t size;  // of that dimension; a 0-d tensor has one position
};

Axis axis_of(const Tensor& x, std::int64_t dim) {
  const int d = wrap_dim(dim, x.dim());
  return {d, x.dim() == 0 ? 1 : x.sizes()[d]};
}

void check_gather_shapes(const char* operation, const Tensor& x, const Tensor& index, int d) {
  bool fits = std::max(x.dim(), 1) == std::max(index.dim(), 1);
  for (int i = 0; fits && i < std::min(x.dim(), index.dim()); ++i) {
    fits = i == d || index.sizes()[i] <= x.sizes()[i];
  }
  if (!fits) {
    throw ShapeError(std::string(operation) + ": index of shape " + to_string(index.sizes()) +
                     " does not fit shape " + to_string(x.sizes()) + " along dimension " + std::to_string(d));
  }
}

const auto read = [](const auto& indexed, auto& other) { other = indexed; };

// Rows of so many elements that are added up are left to the kernel of sums.
constexpr std::int64_t long_row = 32;

constexpr auto write = [](auto& indexed, const auto& other) { indexed = other; };
// The target may be wider than what is added.
const auto accumulate_into = []<class T, class U>(T& indexed, const U& other) {
  if constexpr (std::is_same_v<T, bool>) {
    indexed = indexed || other;
  } else if constexpr (std::is_integral_v<T>) {
    indexed = static_cast<T>(static_cast<std::uint64_t>(indexed) + static_cast<std::uint64_t>(other));
  } else {
    indexed = static_cast<T>(indexed + static_cast<T>(other));
  }
};

template <class Move>
inline constexpr bool reads = std::is_same_v<const Move, decltype(read)>;
template <class Move>
inline constexpr bool accumulates = std::is_same_v<const Move, decltype(accumulate_into)>;

// Positions that are checked on the way, each row of them just before it is used: nothing is moved where one
// is outside.
struct Bounds {
  std::int64_t size = INT64_MAX;
  std::atomic<bool> exceeded = false;

  bool allow(const std::int64_t* p, std::int64_t n) {
    if (size == INT64_MAX || all_within(p, n, size)) return true;
    exceeded.store(true, std::memory_order_relaxed);
    return false;
  }
};

// Copies without a call for rows of a few elements.
inline void copy_row(char* to, const char* from, std::int64_t bytes) {
  constexpr std::int64_t unit = 16, most = 8 * unit;
  if (bytes < unit || bytes > most) {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
    return;
  }
  std::int64_t i = 0;
  for (; i + unit <= bytes; i += unit) std::memcpy(to + i, from + i, unit);
  if (i < bytes) std::memcpy(to + bytes - unit, from + bytes - unit, unit);
}

// others[i] = at(i), several read before the first is written, which the compiler cannot know to be allowed.
template <class T, class F>
void read_row(T* others, std::int64_t n, F at) {
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const T first = at(i), second = at(i + 1), third = at(i + 2), fourth = at(i + 3);
    others[i] = first;
    others[i + 1] = second;
    others[i + 2] = third;
    others[i + 3] = fourth;
  }
  for (; i < n; ++i) others[i] = at(i);
}

// Calls move for a block of positions, elements of the other tensor, and origins in the indexed one.
template <class T, class Other, class Move>
void move_block(const kernels::Block& b, std::int64_t stride, Move move, Bounds& bounds) {
  const kernels::Loop sum = kernels::table().binary[kernels::Binary::Add][index_of(dtype_of<T>)];
  for (std::int64_t r = 0; r < b.rows; ++r) {
    char* first = b.data[2] + r * b.row_step[2];
    char* second = b.data[1] + r * b.row_step[1];
    const char* places = b.data[0] + r * b.row_step[0];
    const auto* p = reinterpret_cast<const std::int64_t*>(places);
    T* indexed = reinterpret_cast<T*>(first);
    Other* others = reinterpret_cast<Other*>(second);
    const bool dense_other = b.step[1] == sizeof(Other);
    if (b.step[0] == 0 && dense_other && b.step[2] == sizeof(T) && b.n > 0) {
      // One position for the whole row: nothing but a loop over memory.
      if (!bounds.allow(p, 1)) continue;
      constexpr std::int64_t ahead = 8;
      if (r + ahead < b.rows) {
        const auto next = *reinterpret_cast<const std::int64_t*>(places + ahead * b.row_step[0]);
        __builtin_prefetch(first + ahead * b.row_step[2] + next * stride);
      }
      indexed = reinterpret_cast<T*>(first + *p * stride);
      if constexpr (reads<Move>) {
        copy_row(second, reinterpret_cast<const char*>(indexed), b.n * size_of(dtype_of<T>));
      } else if (accumulates<Move> && std::is_same_v<T, Other> && sum && b.n >= long_row) {
        char* to = reinterpret_cast<char*>(indexed);
        const kernels::Block row{.n = b.n,
                                 .rows = 1,
                                 .data = {to, to, second},
                                 .step = {sizeof(T), sizeof(T), sizeof(T)},
                                 .row_step = {}};
        sum(row, nullptr);
      } else {
        for (std::int64_t i = 0; i < b.n; ++i) move(indexed[i], others[i]);
      }
      continue;
    }
    if (b.step[0] == sizeof(std::int64_t) && dense_other && stride % size_of(dtype_of<T>) == 0 &&
        (b.step[2] == 0 || b.step[2] == sizeof(T))) {
      // Dense rows of positions: along the dimension itself, or beside it.
      if (!bounds.allow(p, b.n)) continue;
      const std::int64_t apart = stride / size_of(dtype_of<T>);
      if constexpr (reads<Move>) {
        if (b.step[2] == sizeof(T)) {
          read_row(others, b.n, [=](std::int64_t i) { return indexed[i + p[i] * apart]; });
        } else if (apart == 1) {
          read_row(others, b.n, [=](std::int64_t i) { return indexed[p[i]]; });
        } else {
          read_row(others, b.n, [=](std::int64_t i) { return indexed[p[i] * apart]; });
        }
      } else if (b.step[2] == sizeof(T)) {
        for (std::int64_t i = 0; i < b.n; ++i) move(indexed[i + p[i] * apart], others[i]);
      } else if (apart == 1) {
        for (std::int64_t i = 0; i < b.n; ++i) move(indexed[p[i]], others[i]);
      } else {
        for (std::int64_t i = 0; i < b.n; ++i) move(indexed[p[i] * apart], others[i]);
      }
      continue;
    }
    if constexpr (reads<Move>) {
      if (b.step[0] == 0 && dense_other && b.n > 0) {
        if (!bounds.allow(p, 1)) continue;
        const char* from = first + *p * stride;
        const std::int64_t step = b.step[2];
        read_row(others, b.n, [=](std::int64_t i) { return *reinterpret_cast<const T*>(from + i * step); });
        continue;
      }
    }
    for (std::int64_t i = 0; i < b.n; ++i) {
      const auto place = *reinterpret_cast<const std::int64_t*>(places + i * b.step[0]);
      if (!bounds.allow(&place, 1)) continue;
      move(*reinterpret_cast<T*>(first + i * b.step[2] + place * stride),
           *reinterpret_cast<Other*>(second + i * b.step[1]));
    }
  }
}

// Calls move(element of the indexed tensor, element of the other) for every position. A position leads from
// the element of `origin` to the one `stride` bytes times its value further on; positions, origin and other
// have one shape, origin and other one dtype, or in adding origin may have twice the precision. Where the
// order matters, as in writing, it is that of positions and other, which are row-major then; in reading
// several threads may share the work. Positions are checked before, or here with the given bounds.
enum class Order { Kept, Free };
template <class Move>
void for_each_position(const Tensor& positions, const Tensor& origin, std::int64_t stride,
                       const Tensor& other, Order order, Move move, Bounds* given = nullptr) {
  Bounds checked;
  Bounds& bounds = given ? *given : checked;
  const LoopNest nest = make_loop_nest({&positions, &other, &origin});
  const auto run = [&]<class T, class Other>(TypeTag<T>, TypeTag<Other>) {
    const auto block = [&](const kernels::Block& b) { move_block<T, Other>(b, stride, move, bounds); };
    if (order == Order::Kept) {
      for_each_block(nest, block);
      return;
    }
    const auto loop = [](const kernels::Block& b, const void* f) {
      (*static_cast<const decltype(block)*>(f))(b);
    };
    if (nest.elements() > 0) run_loop(nest, loop, &block, 4);
  };
  if constexpr (accumulates<Move>) {
    using Wide = std::complex<double>;
    if (origin.dtype() == float64 && other.dtype() == float32)
      return run(TypeTag<double>{}, TypeTag<float>{});
    if (origin.dtype() == complex128 && other.dtype() == complex64)
      return run(TypeTag<Wide>{}, TypeTag<std::complex<float>>{});
  }
  dispatch(origin.dtype(), [&]<class T>(TypeTag<T> tag) { run(tag, tag); });
}

// What is added to elements of a dtype is summed up in a wider one until it is stored: half precision always,
// other floats where so much is added, to each element or altogether, that it matters and the conversions are
// little beside it.
DType sum_dtype(DType dtype, std::int64_t target, std::int64_t source) {
  constexpr std::int64_t to_each = 16, altogether = std::int64_t{1} << 20;
  const bool many =
      source >= 256 && (source / to_each >= target || source >= std::max(altogether, target / 4));
  switch (dtype) {
    case float16:
    case bfloat16:
      return many ? float64 : float32;
    case float32:
      return many ? float64 : float32;
    case complex64:
      return many ? complex128 : complex64;
    default:
      return dtype;
  }
}

// The values as they are added to sums of that dtype.
Tensor as_summands(const Tensor& values, DType sums) {
  const DType narrow = sums == float64 ? float32 : sums == complex128 ? complex64 : sums;
  const bool as_they_are = values.dtype() == sums || values.dtype() == narrow;
  const bool half = is_half(values.dtype());
  const Tensor dense = values.detach().contiguous();
  return as_they_are ? dense : dense.to(half ? narrow : sums);
}

// What positions along dimension d are counted from: x at 0 there, under the shape of the positions.
struct Origin {
  Tensor tensor;
  std::int64_t stride;  // bytes
};

Origin origin_along(const Tensor& x, int d, const Shape& shape) {
  if (x.dim() == 0) return {make_view(x, shape, Strides::filled(shape.size(), 0), x.raw_data()), 0};
  Strides strides = x.strides();
  strides[d] = 0;
  return {make_view(x, shape, strides, x.raw_data()), x.strides()[d] * x.itemsize()};
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const auto [d, size] = axis_of(x, dim);
  check_gather_shapes("gather", x, index, d);
  const Tensor positions = whole_index("gather", index);
  const Tensor out = empty(index.sizes(), x.dtype());
  const Origin origin = origin_along(x, d, out.sizes());
  Bounds bounds{size};
  for_each_position(positions, origin.tensor, origin.stride, out, Order::Free, read, &bounds);
  if (bounds.exceeded) checked_index("gather", index, size);  // says which
  return record("gather", out, {x}, saving(d, positions, x.sizes()),
                [](const Tensor& g, int along_dim, const Tensor& at, const Shape& shape) {
                  return scatter_add_to_zeros(shape, along_dim, at, g);
                });
}

namespace {

void check_source_shape(const char* operation, const Tensor& source, const Tensor& index) {
  if (source.sizes() == index.sizes()) return;
  throw ShapeError(std::string(operation) + ": source of shape " + to_string(source.sizes()) +
                   " must have the index's shape " + to_string(index.sizes()));
}

// Calls move(element of out, element of source) for every position along d.
template <class Move>
void scatter_into(const Tensor& out, int d, const Tensor& positions, const Tensor& source, Move move,
                  Bounds* bounds = nullptr) {
  const Origin origin = origin_along(out, d, positions.sizes());
  for_each_position(positions, origin.tensor, origin.stride, source, Order::Kept, move, bounds);
}

// The same on a copy of x.
template <class Move>
Tensor scattered(const Tensor& x, int d, const Tensor& positions, const Tensor& source, Move move,
                 Bounds* bounds = nullptr) {
  const NoGrad no_grad;
  const DType sums = accumulates<Move> ? sum_dtype(x.dtype(), x.numel(), source.numel()) : x.dtype();
  const Tensor out = sums == x.dtype() ? x.detach().clone() : x.detach().to(sums);
  scatter_into(out, d, positions, as_summands(source, sums), move, bounds);
  return out.to(x.dtype());
}

template <class Move>
Tensor scattered_to_zeros(const Shape& shape, int d, const Tensor& positions, const Tensor& source,
                          Move move) {
  const DType dtype = source.dtype();
  const DType sums = accumulates<Move> ? sum_dtype(dtype, numel(shape), source.numel()) : dtype;
  const Tensor out = zeros(shape, sums);
  scatter_into(out, d, positions, as_summands(source, sums), move);
  return record("scatter_add", out.to(dtype), {source}, saving(d, positions),
                [](const Tensor& g, int along_dim, const Tensor& at) { return gather(g, along_dim, at); });
}

}  // namespace

Tensor scatter_add_to_zeros(const Shape& shape, int d, const Tensor& positions, const Tensor& source) {
  return scattered_to_zeros(shape, d, positions, source, accumulate_into);
}

Tensor scatter_to_zeros(const Shape& shape, int d, const Tensor& positions, const Tensor& source) {
  return scattered_to_zeros(shape, d, positions, source, write);
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  const auto [d, size] = axis_of(x, dim);
  check_gather_shapes("scatter_add", x, index, d);
  check_source_shape("scatter_add", source, index);
  const Tensor positions = whole_index("scatter_add", index);
  Bounds bounds{size};
  const Tensor out = scattered(x, d, positions, source, accumulate_into, &bounds);
  if (bounds.exceeded) checked_index("scatter_add", index, size);  // says which
  return record("scatter_add", out, wrt(x, [](const Tensor& g) { return g; }),
                wrt(source, saving(d, positions), [](const Tensor& g, int along_dim, const Tensor& at) {
                  return gather(g, along_dim, at);
                }));
}

namespace {

// Checked positions of whole slices along d, as gather and scatter take them: under `shape`, that of the
// slices.
struct Slices {
  Tensor list;
  Shape shape;

  Tensor spread(int d) const {
    Shape column = Shape::filled(shape.size(), 1);
    column[d] = list.numel();
    return list.reshape(column).expand(shape);
  }
};

Slices slices_of(const char* operation, const Tensor& x, int d, const Tensor& index, std::int64_t size) {
  if (index.dim() > 1) {
    throw ShapeError(std::string(operation) + ": the index must have one dimension, shape " +
                     to_string(index.sizes()) + " was given");
  }
  Slices slices{checked_index(operation, index, size), x.sizes()};
  slices.shape[d] = slices.list.numel();
  return slices;
}

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index) {
  const auto [d, size] = axis_of(x, dim);
  if (x.dim() == 0) return index_select(x.reshape({1}), 0, index).reshape({});
  const Slices slices = slices_of("index_select", x, d, index, size);
  const Tensor out = empty(slices.shape, x.dtype());
  const Origin origin = origin_along(x, d, slices.shape);
  for_each_position(slices.spread(d), origin.tensor, origin.stride, out, Order::Free, read);
  return record("index_select", out, {x}, saving(d, slices.list, x.sizes()),
                [](const Tensor& g, int along_dim, const Tensor& list, const Shape& shape) {
                  return scatter_add_to_zeros(shape, along_dim, Slices{list, g.sizes()}.spread(along_dim), g);
                });
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  const auto [d, size] = axis_of(x, dim);
  if (x.dim() == 0) return index_add(x.reshape({1}), 0, index, source.reshape({1})).reshape({});
  const Slices slices = slices_of("index_add", x, d, index, size);
  if (source.sizes() != slices.shape) {
    throw ShapeError("index_add: source must have shape " + to_string(slices.shape) + ", " +
                     to_string(source.sizes()) + " was given");
  }
  const Tensor out = scattered(x, d, slices.spread(d), source, accumulate_into);
  return record("index_add", out, wrt(x, [](const Tensor& g) { return g; }),
                wrt(source, saving(d, slices.list), [](const Tensor& g, int along_dim, const Tensor& list) {
                  return index_select(g, along_dim, list);
                }));
}

namespace {

void check_int64(const char* operation, const Tensor& index) {
  if (index.dtype() != int64) {
    throw DTypeError(std::string(operation) + ": Expected dtype int64 for the index, " +
                     std::string(name(index.dtype())) + " was given");
  }
}

}  // namespace

Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source) {
  const auto [d, size] = axis_of(x, dim);
  check_same_dtype("scatter", x.dtype(), source.dtype());
  check_int64("scatter", index);
  check_gather_shapes("scatter", x, index, d);
  const Tensor positions = checked_index("scatter", index, size);
  Tensor values = source;
  for (int i = 0; i < std::min(index.dim(), source.dim()); ++i) {
    if (index.sizes()[i] < values.sizes()[i]) values = narrow(values, i, 0, index.sizes()[i]);
  }
  check_source_shape("scatter", values, index);
  const Tensor out = scattered(x, d, positions, values, write);
  return record("scatter", out,
                wrt(x, saving(d, positions),
                    [](const Tensor& g, int along_dim, const Tensor& at) {
                      return scatter(g, along_dim, at, zeros(at.sizes(), g.dtype()));
                    }),
                wrt(values, saving(d, positions, x.sizes()),
                    [](const Tensor& g, int along_dim, const Tensor& at, const Shape& shape) {
                      // A value that another one replaced has no slope.
                      const Tensor numbers =
                          arange(0, static_cast<double>(at.numel()), 1, int64).reshape(at.sizes());
                      const Tensor last = scattered(zeros(shape, int64), along_dim, at, numbers, write);
                      const Tensor stays = eq(gather(last, along_dim, at), numbers);
                      return where(stays, gather(g, along_dim, at), zeros(at.sizes(), g.dtype()));
                    }));
}

Tensor take_along_dim(const Tensor& x, const Tensor& indices, std::int64_t dim) {
  check_int64("take_along_dim", indices);
  if (x.dim() != indices.dim()) {
    throw ShapeError("take_along_dim: input and indices should have the same number of dimensions, shapes " +
                     to_string(x.sizes()) + " and " + to_string(indices.sizes()) + " were given");
  }
  const std::int64_t size = x.size(dim);  // which refuses a 0-d tensor
  const int d = wrap_dim(dim, x.dim());
  Shape own = x.sizes(), asked = indices.sizes();
  own[d] = 1;
  asked[d] = 1;
  Shape common = broadcast_shapes(own, asked);
  common[d] = size;
  const Tensor source = x.expand(common);
  common[d] = indices.sizes()[d];
  return gather(source, d, indices.expand(common));
}

Tensor take_along_dim(const Tensor& x, const Tensor& indices) {
  check_int64("take_along_dim", indices);
  return gather(x.flatten(), 0, indices.flatten());
}

Tensor nonzero(const Tensor& x) {
  const NoGrad no_grad;
  const Tensor mask = x.detach().to(boolean).contiguous();
  const bool* truth = mask.data<bool>();
  const std::int64_t count = std::count(truth, truth + mask.numel(), true);
  const Tensor out = empty({count, x.dim()}, int64);
  auto* row = out.data<std::int64_t>();
  for (std::int64_t i = 0; i < mask.numel(); ++i) {
    if (!truth[i]) continue;
    std::int64_t rest = i;
    for (int d = x.dim() - 1; d >= 0; --d) {
      row[d] = rest % x.sizes()[d];
      rest /= x.sizes()[d];
    }
    row += x.dim();
  }
  return out;
}

namespace {

// Places along the leading dimensions of a tensor: checked positions for each, which broadcast to the shape.
struct Picks {
  Shape shape;
  Tensors positions;
};

// The shape of what is picked from x: that of the picks and the dimensions that they leave.
Shape picked_shape(const Tensor& x, const Picks& picks) {
  Shape shape = picks.shape;
  for (int d = static_cast<int>(picks.positions.size()); d < x.dim(); ++d) shape.push_back(x.sizes()[d]);
  return shape;
}

// Calls move(element of x, element of other) for all that is picked.
template <class Move>
void for_each_pick(const Tensor& x, const Picks& picks, const Tensor& other, Order order, Move move) {
  const NoGrad no_grad;
  const int listed = static_cast<int>(picks.positions.size());
  // One list is taken as it is, several are added up as elements of x.
  Tensor offsets = listed == 1 ? picks.positions[0] : zeros(picks.shape, int64);
  const std::int64_t unit = listed == 1 ? x.strides()[0] : 1;
  for (int i = 0; listed > 1 && i < listed; ++i) {
    add_into(offsets, mul(picks.positions[static_cast<std::size_t>(i)], x.strides()[i]));
  }
  Shape spread = picks.shape;
  Strides strides = Strides::filled(spread.size(), 0);
  for (int d = listed; d < x.dim(); ++d) {
    spread.push_back(1);
    strides.push_back(x.strides()[d]);
  }
  const Shape shape = picked_shape(x, picks);
  const Tensor origin = make_view(x, shape, strides, x.raw_data());
  for_each_position(offsets.reshape(spread).expand(shape), origin, unit * x.itemsize(), other, order, move);
}

// x with the values, of the shape of what is picked, at the places, or added there.
Tensor put(const Tensor& x, const Picks& picks, const Tensor& values, bool accumulate);

Tensor pick(const Tensor& x, const Picks& picks) {
  const Tensor out = empty(picked_shape(x, picks), x.dtype());
  for_each_pick(x, picks, out, Order::Free, read);
  return record("index", out, {x}, saving(picks.shape, picks.positions, x.sizes()),
                [](const Tensor& g, const Shape& shape, const Tensors& positions, const Shape& whole) {
                  return put(zeros(whole, g.dtype()), {shape, positions}, g, true);
                });
}

// The same, unrecorded.
Tensor replaced(const Tensor& x, const Picks& picks, const Tensor& values, bool accumulate) {
  const NoGrad no_grad;
  const DType sums = accumulate ? sum_dtype(x.dtype(), x.numel(), values.numel()) : x.dtype();
  const Tensor out = sums == x.dtype() ? x.detach().clone() : x.detach().to(sums);
  const Tensor source = as_summands(values, sums);
  if (accumulate) {
    for_each_pick(out, picks, source, Order::Kept, accumulate_into);
  } else {
    for_each_pick(out, picks, source, Order::Kept, write);
  }
  return out.to(x.dtype());
}

Tensor put(const Tensor& x, const Picks& picks, const Tensor& values, bool accumulate) {
  const Tensor out = replaced(x, picks, values, accumulate);
  return record("index_put", out,
                wrt(x, saving(picks.shape, picks.positions, accumulate),
                    [](const Tensor& g, const Shape& shape, const Tensors& positions, bool add_up) {
                      if (add_up) return g;
                      const Picks at{shape, positions};
                      return put(g, at, zeros(picked_shape(g, at), g.dtype()), false);
                    }),
                wrt(values, saving(picks.shape, picks.positions, accumulate),
                    [](const Tensor& g, const Shape& shape, const Tensors& positions, bool add_up) {
                      const Picks at{shape, positions};
                      const Tensor picked = pick(g, at);
                      if (add_up) return picked;
                      // A value that another one replaced has no slope.
                      const Tensor numbers = arange(picked.numel(), int64).reshape(picked.sizes());
                      const Tensor last = replaced(zeros(g.sizes(), int64), at, numbers, false);
                      return where(eq(pick(last, at), numbers), picked, zeros(picked.sizes(), g.dtype()));
                    }));
}

// A copy with positions counted from the front, each within the size. What they are is told in the error.
Tensor wrapped_positions(const char* what, const Tensor& index, std::int64_t size, int dim) {
  const Tensor positions = index.is_contiguous() ? index.clone() : index.contiguous();
  auto* p = positions.data<std::int64_t>();
  for (std::int64_t i = 0; i < positions.numel(); ++i) {
    if (p[i] < -size || p[i] >= size) {
      throw IndexError(what + (" " + std::to_string(p[i])) + " is out of bounds for dimension " +
                       std::to_string(dim) + " with size " + std::to_string(size));
    }
    if (p[i] < 0) p[i] += size;
  }
  return positions;
}

// What index tensors say about x: `x` with the indexed dimensions in front, which are its dimensions
// order[0], order[1], ..., and the picks, whose dimensions belong behind `ahead` others.
struct Indexed {
  Tensor x;
  Picks picks;
  Dims order;
  int ahead = 0;
};

// One index for each dimension, undefined where the whole of it is taken: masks become positions. A 0-d mask
// indexes a dimension of its own, which x gets.
Tensors by_dimension(const Tensors& indices, Tensor& x) {
  Tensors out;
  const auto check_rank = [&](std::size_t more) {
    if (out.size() + more > static_cast<std::size_t>(x.dim())) {
      throw IndexError("index: too many indices for tensor of dimension " + std::to_string(x.dim()));
    }
  };
  for (const Tensor& index : indices) {
    const int d = static_cast<int>(out.size());
    if (index.defined() && index.dtype() == boolean) {
      if (index.dim() == 0) {
        x = x.unsqueeze(d);
        out.push_back(zeros({index.item().to_bool() ? 1 : 0}, int64));
        continue;
      }
      check_rank(static_cast<std::size_t>(index.dim()));
      for (int i = 0; i < index.dim(); ++i) {
        if (index.sizes()[i] != x.sizes()[d + i]) {
          throw IndexError("index: the shape of the mask " + to_string(index.sizes()) +
                           " does not match the shape of the indexed tensor " + to_string(x.sizes()) +
                           " at dimension " + std::to_string(d + i));
        }
      }
      const Tensor places = nonzero(index);
      for (int i = 0; i < index.dim(); ++i) out.push_back(places.select(1, i));
      continue;
    }
    if (index.defined() && index.dtype() != int64) {
      throw DTypeError("index: tensors used as indices must be int64 or bool, " +
                       std::string(name(index.dtype())) + " was given");
    }
    check_rank(1);
    out.push_back(index);
  }
  return out;
}

Indexed resolve(const Tensor& x, const Tensors& indices) {
  Indexed out{x, {}, {}, 0};
  Tensors given = by_dimension(indices, out.x);
  std::vector<Shape> shapes;
  int first = -1, last = -1;
  for (int d = 0; d < static_cast<int>(given.size()); ++d) {
    const Tensor& index = given[static_cast<std::size_t>(d)];
    if (!index.defined()) continue;
    out.order.push_back(d);
    shapes.push_back(index.sizes());
    if (first < 0) first = d;
    last = d;
  }
  out.picks.shape = broadcast_shapes(shapes);
  const int count = out.order.size();
  {
    const NoGrad no_grad;
    for (int i = 0; i < count; ++i) {
      const int d = static_cast<int>(out.order[i]);
      out.picks.positions.push_back(
          wrapped_positions("index", given[static_cast<std::size_t>(d)], out.x.sizes()[d], d));
    }
  }
  for (int d = 0; d < out.x.dim(); ++d) {
    if (std::find(out.order.begin(), out.order.end(), d) == out.order.end()) out.order.push_back(d);
  }
  out.x = out.x.permute(out.order);
  if (count > 0 && last - first + 1 == count) out.ahead = first;
  return out;
}

// For each dimension of the result of index, which one of the picked tensor's it is.
Dims result_order(const Indexed& indexed) {
  const int own = indexed.picks.shape.size();
  const int rank = picked_shape(indexed.x, indexed.picks).size();
  Dims order;
  for (int d = 0; d < indexed.ahead; ++d) order.push_back(own + d);
  for (int d = 0; d < own; ++d) order.push_back(d);
  for (int d = own + indexed.ahead; d < rank; ++d) order.push_back(d);
  return order;
}

Dims inverse(const Dims& order) {
  Dims out = Dims::filled(order.size(), 0);
  for (int i = 0; i < order.size(); ++i) out[static_cast<int>(order[i])] = i;
  return out;
}

}  // namespace

Tensor take(const Tensor& x, const Tensor& positions) {
  if (positions.dtype() != int64)
    fail<DTypeError>("take", "the index must be int64, {} was given", positions.dtype());
  const Tensor flat = x.flatten(), dense = positions.detach().contiguous();
  const bool plain = all_within(dense.data<std::int64_t>(), dense.numel(), flat.numel());
  return pick(flat, {positions.sizes(),
                     {plain ? dense : wrapped_positions("take: index", positions, flat.numel(), 0)}});
}

Tensor index(const Tensor& x, const Tensors& indices) {
  const Indexed indexed = resolve(x, indices);
  return pick(indexed.x, indexed.picks).permute(result_order(indexed));
}

namespace {

// The values in the order of what is picked.
Tensor values_for(const Indexed& indexed, const Tensor& values) {
  const Dims order = result_order(indexed);
  const Shape picked = picked_shape(indexed.x, indexed.picks);
  Shape shape;
  for (const auto d : order) shape.push_back(picked[static_cast<int>(d)]);
  return values.expand(shape).permute(inverse(order));
}

}  // namespace

Tensor index_put(const Tensor& x, const Tensors& indices, const Tensor& values, bool accumulate) {
  check_same_dtype("index_put", x.dtype(), values.dtype());
  const Indexed indexed = resolve(x, indices);
  return put(indexed.x, indexed.picks, values_for(indexed, values), accumulate)
      .permute(inverse(indexed.order))
      .reshape(x.sizes());
}

const Tensor& index_put_(const Tensor& x, const Tensors& indices, const Tensor& values, bool accumulate) {
  check_same_dtype("index_put_", x.dtype(), values.dtype());
  // Sums are taken in a wider dtype, and rounded once.
  if (accumulate || autograd::in_place_recorded("index_put_", x, {values})) {
    return change_in_place("index_put_", x, {values}, [&](const Tensor& before) {
      return index_put(before, indices, values, accumulate);
    });
  }
  const NoGrad no_grad;
  const Indexed indexed = resolve(x, indices);
  const Tensor source =
      values_for(indexed, begin_in_place("index_put_", x, std::span<const Tensor>(&values, 1))[0]);
  const Uninterrupted whole;
  for_each_pick(indexed.x, indexed.picks, source, Order::Kept, write);
  return x;
}

Tensor gather_nd(const Tensor& x, const Tensor& indices) {
  if (indices.dim() == 0) throw ShapeError("gather_nd: the indices must have a dimension at least");
  const std::int64_t count = indices.size(-1);
  if (count > x.dim()) {
    throw ShapeError("gather_nd: " + std::to_string(count) + " coordinates are too many for shape " +
                     to_string(x.sizes()));
  }
  Picks picks;
  picks.shape = indices.sizes();
  picks.shape.erase(picks.shape.size() - 1);
  for (int d = 0; d < count; ++d)
    picks.positions.push_back(checked_index("gather_nd", indices.detach().select(-1, d), x.sizes()[d]));
  return pick(x, picks);
}

}  // namespace wick
