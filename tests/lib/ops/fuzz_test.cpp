// Random cases: chains of views, changes in place and gradients, compared with loops over positions and with
// differences. WICK_FUZZ_SEED and WICK_FUZZ_COUNT (the number of cases) ask for others than the suite's.

#include <cmath>
#include <cstdlib>
#include <random>

#include "support.h"

namespace wick::test {
namespace {

struct Random {
  explicit Random(std::uint64_t seed) : engine(seed) {}
  // From 0 to below n.
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(n));
  }
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }

  std::mt19937_64 engine;
};

std::int64_t setting(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoll(text, nullptr, 10) : otherwise;
}

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// What a view refers to, told by nothing but loops: the number of the element in its root at each position.
struct Positions {
  Shape shape;
  std::vector<std::int64_t> origin;  // in row-major order

  std::int64_t of(const Dims& index) const {
    std::int64_t place = 0;
    for (int d = 0; d < shape.size(); ++d) place = place * shape[d] + index[d];
    return origin[at(place)];
  }
};

// Of `shape`, where `source` tells which index of `from` belongs to an index.
Positions moved(const Positions& from, const Shape& shape, const std::function<Dims(const Dims&)>& source) {
  Positions out{shape, {}};
  each_index(shape, [&](const Dims& index) { out.origin.push_back(from.of(source(index))); });
  return out;
}

struct View {
  Tensor tensor;
  Positions positions;
};

View permuted_view(const View& v, Random& random) {
  const int rank = v.tensor.dim();
  Dims order;
  for (int d = 0; d < rank; ++d) order.insert(static_cast<int>(random.below(d + 1)), d);
  Shape shape;
  for (const auto d : order) shape.push_back(v.positions.shape[static_cast<int>(d)]);
  return {v.tensor.permute(order), moved(v.positions, shape, [&](const Dims& index) {
            Dims out = index;
            for (int d = 0; d < rank; ++d) out[static_cast<int>(order[d])] = index[d];
            return out;
          })};
}

View sliced(const View& v, Random& random) {
  const int d = static_cast<int>(random.below(v.tensor.dim()));
  const std::int64_t size = v.positions.shape[d];
  const std::int64_t start = random.between(0, size), end = random.between(start, size),
                     step = random.between(1, 3);
  Shape shape = v.positions.shape;
  shape[d] = (end - start + step - 1) / step;
  // Counted from the end as well.
  const std::int64_t from = start < size && random.below(2) ? start - size : start;
  return {v.tensor.slice(d, from, end, step), moved(v.positions, shape, [&](const Dims& index) {
            Dims out = index;
            out[d] = start + index[d] * step;
            return out;
          })};
}

View selected(const View& v, Random& random) {
  const int d = static_cast<int>(random.below(v.tensor.dim()));
  const std::int64_t size = v.positions.shape[d];
  if (size == 0) return v;
  const std::int64_t i = random.below(size);
  Shape shape = v.positions.shape;
  shape.erase(d);
  return {v.tensor.select(d, random.below(2) ? i : i - size),
          moved(v.positions, shape, [&](const Dims& index) {
            Dims out = index;
            out.insert(d, i);
            return out;
          })};
}

View unsqueezed(const View& v, Random& random) {
  const int d = static_cast<int>(random.below(v.tensor.dim() + 1));
  Shape shape = v.positions.shape;
  shape.insert(d, 1);
  return {v.tensor.unsqueeze(d), {shape, v.positions.origin}};
}

View diagonal_of(const View& v) {
  const int rank = v.tensor.dim();
  Shape shape;
  for (int d = 2; d < rank; ++d) shape.push_back(v.positions.shape[d]);
  shape.push_back(std::min(v.positions.shape[0], v.positions.shape[1]));
  return {v.tensor.diagonal(), moved(v.positions, shape, [&](const Dims& index) {
            Dims out{index.back(), index.back()};
            for (int d = 0; d + 1 < index.size(); ++d) out.push_back(index[d]);
            return out;
          })};
}

View random_view(const View& v, Random& random) {
  const int rank = v.tensor.dim();
  if (rank == 0) return unsqueezed(v, random);
  switch (random.below(5)) {
    case 0:
      return permuted_view(v, random);
    case 1:
      return selected(v, random);
    case 2:
      return rank < 5 ? unsqueezed(v, random) : v;
    case 3:
      return rank > 1 ? diagonal_of(v) : v;
    default:
      return sliced(v, random);
  }
}

// A change of the view in place, and the same on the elements of the root.
void change(const View& v, std::vector<double>& root, Random& random) {
  const double number = static_cast<double>(random.between(-3, 3));
  const auto each = [&](const auto& f) {
    for (const auto place : v.positions.origin) root[at(place)] = f(root[at(place)]);
  };
  switch (random.below(6)) {
    case 0:
      v.tensor.fill_(number);
      return each([=](double) { return number; });
    case 1:
      v.tensor.add_(number);
      return each([=](double x) { return x + number; });
    case 2:
      v.tensor.clamp_(-number, 100.0);
      return each([=](double x) { return std::min(std::max(x, -number), 100.0); });
    case 3:
      v.tensor.neg_();
      return each([](double x) { return -x; });
    case 4:
      // The operand shares memory with what is written.
      v.tensor.sub_(v.tensor);
      return each([](double x) { return x - x; });
    default: {
      // Reversed within itself: read before anything is written.
      if (v.tensor.dim() == 0) return;
      v.tensor.copy_(v.tensor.flip(0));
      const std::vector<double> before = root;
      Positions turned = moved(v.positions, v.positions.shape, [&](const Dims& index) {
        Dims out = index;
        out[0] = v.positions.shape[0] - 1 - index[0];
        return out;
      });
      for (std::size_t i = 0; i < turned.origin.size(); ++i)
        root[at(v.positions.origin[i])] = before[at(turned.origin[i])];
    }
  }
}

bool agrees(const View& v, const std::vector<double>& root) {
  if (v.tensor.sizes() != v.positions.shape) return false;
  std::vector<double> expected;
  for (const auto place : v.positions.origin) expected.push_back(root[at(place)]);
  return to_vector<double>(v.tensor) == expected && elements<double>(v.tensor) == expected;
}

// A root, views of views of it, and changes through some of them.
bool views_agree(Random& random) {
  View v{{}, {}};
  const std::int64_t rank = random.between(0, 4);
  for (std::int64_t d = 0; d < rank; ++d)
    v.positions.shape.push_back(random.below(20) == 0 ? 0 : random.between(1, 4));
  const std::int64_t count = numel(v.positions.shape);
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    v.positions.origin.push_back(i);
    values.push_back(static_cast<double>(i));
  }
  v.tensor = tensor(values).reshape(v.positions.shape);
  const View root = v;
  for (std::int64_t left = random.between(1, 6); left > 0; --left) {
    v = random_view(v, random);
    if (random.below(2)) change(v, values, random);
    if (!agrees(v, values)) return false;
  }
  return agrees(root, values);
}

// --- Gradients

// A smooth function of two tensors (3, 4): steps that the seed picks, each of a slope of some 1 at most, so
// that differences are exact enough.
Tensor chain(std::uint64_t seed, const Tensors& inputs) {
  Random random(seed);
  Tensor x = inputs[0];
  const Tensor& other = inputs[1];
  for (std::int64_t left = random.between(1, 7); left > 0; --left) {
    switch (random.below(16)) {
      case 0:
        x = x.sin();
        break;
      case 1:
        x = x.tanh();
        break;
      case 2:
        x = x.sigmoid() * 2 - 1;
        break;
      case 3:
        x = (x * other).tanh();
        break;
      case 4:
        x = x + 0.5 * other.cos();
        break;
      case 5:
        x = x.softmax(random.below(2));
        break;
      case 6:
        x = x.transpose(0, 1).reshape({3, 4});
        break;
      case 7:
        x = x.flip(Dims{random.below(2)});
        break;
      case 8:
        x = cat({x.slice(0, 1, 3), other.slice(0, 0, 1)}, 0);
        break;
      case 9:
        x = (matmul(x, matmul(other.t(), x)) * 0.2).tanh();
        break;
      case 10:
        x = x - x.mean(Dims{1}, true);
        break;
      case 11:
        x = x.cumsum(1) * 0.3;
        break;
      case 12:
        x = index_select(x, 1, tensor({3, 0, 0, 2}));
        break;
      case 13: {
        // In place, through a view.
        const Tensor copy = x.clone();
        copy[random.below(3)].mul_(other[1]);
        x = copy.tanh();
        break;
      }
      case 14: {
        const Tensor sheet = zeros({3, 4}, float64);
        sheet.slice(1, 0, 4, 2).copy_(x.slice(1, 0, 2));
        sheet.slice(1, 1, 4, 2).add_(other.slice(1, 2, 4));
        x = sheet.sin();
        break;
      }
      default:
        x = x / (2 + other * other);
        break;
    }
  }
  return x;
}

double inner(const Tensor& a, const Tensor& b) { return sum(a * b).item<double>(); }

Tensor numbers(Random& random) {
  std::vector<double> values(12);
  for (auto& value : values) value = static_cast<double>(random.between(-1000, 1000)) / 1000;
  return tensor(values).reshape({3, 4});
}

Tensors leaves(const Tensors& xs) {
  Tensors out;
  for (const Tensor& x : xs) {
    out.push_back(x.clone());
    out.back().requires_grad_();
  }
  return out;
}

Tensor or_zeros(const Tensor& x) { return x.defined() ? x : zeros({3, 4}, float64); }

// The derivative in a direction against a difference; then the same of that derivative.
bool gradients_agree(Random& random) {
  const std::uint64_t seed = random.engine();
  const Tensors xs{numbers(random), numbers(random)};
  const Tensors direction{numbers(random), numbers(random)}, second{numbers(random), numbers(random)};
  const Tensor weight = numbers(random);
  constexpr double step = 1e-5;
  const auto shifted = [&](const Tensors& by, double h) {
    return Tensors{xs[0] + by[0] * h, xs[1] + by[1] * h};
  };
  const auto close = [](double a, double b) { return std::abs(a - b) <= 1e-5 * std::max(1.0, std::abs(b)); };

  const auto value = [&](const Tensors& points) { return inner(chain(seed, points), weight); };
  // The gradient's part in the direction, as a number that can be differentiated.
  const auto slope = [&](const Tensors& points, bool create_graph) {
    const Tensors g = grad({chain(seed, points)}, points, {weight}, create_graph, create_graph);
    return sum(or_zeros(g[0]) * direction[0]) + sum(or_zeros(g[1]) * direction[1]);
  };
  const Tensors points = leaves(xs);
  const Tensor first = slope(points, true);
  const double numeric = (value(shifted(direction, step)) - value(shifted(direction, -step))) / (2 * step);
  if (!close(first.item<double>(), numeric)) return false;
  if (!first.requires_grad()) return true;

  const Tensors g = grad({first}, points);
  const double analytic = inner(or_zeros(g[0]), second[0]) + inner(or_zeros(g[1]), second[1]);
  const auto slope_at = [&](double h) { return slope(leaves(shifted(second, h)), false).item<double>(); };
  return close(analytic, (slope_at(step) - slope_at(-step)) / (2 * step));
}

}  // namespace

TEST_CASE("fuzz: views, changes in place and gradients") {
  const auto seed = static_cast<std::uint64_t>(setting("WICK_FUZZ_SEED", 1));
  const std::int64_t count = setting("WICK_FUZZ_COUNT", 100000);
  for (std::int64_t i = 0; i < count; ++i) {
    // A case can be repeated alone: it depends on the seed and its number only.
    Random random(seed * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(i));
    const bool good = i % 10 == 0 ? gradients_agree(random) : views_agree(random);
    REQUIRE_MESSAGE(good, "seed " << seed << ", case " << i);
  }
}

}  // namespace wick::test
