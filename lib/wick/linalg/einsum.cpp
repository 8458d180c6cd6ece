#include "wick/linalg/einsum.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/linalg/products.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

// A sum of products is worked out over numbered places: those of the output come first, in its order, then
// those that are summed over. Operands are arranged to have a dimension for each place, of size 1 where they
// have none.

// x, whose dimension d belongs to places[d], in that arrangement; places that stand twice become diagonals.
Tensor arranged(Tensor x, std::vector<int> places, int rank) {
  for (std::size_t i = 0; i < places.size();) {
    const int place = places[i];
    const auto again = std::find(places.begin() + static_cast<std::ptrdiff_t>(i) + 1, places.end(), place);
    if (again == places.end()) {
      ++i;
      continue;
    }
    x = diagonal(x, 0, static_cast<std::int64_t>(i), again - places.begin());
    places.erase(again);
    places.erase(places.begin() + static_cast<std::ptrdiff_t>(i));
    places.push_back(place);
  }
  Dims order;
  for (int place = 0; place < rank; ++place) {
    const auto found = std::find(places.begin(), places.end(), place);
    if (found != places.end()) order.push_back(found - places.begin());
  }
  x = x.permute(order);
  for (int place = 0; place < rank; ++place) {
    if (std::find(places.begin(), places.end(), place) == places.end()) x = x.unsqueeze(place);
  }
  return x;
}

std::int64_t product_of(const Tensor& x, const Dims& dims) {
  return std::accumulate(
      dims.begin(), dims.end(), std::int64_t{1},
      [&](std::int64_t product, std::int64_t d) { return product * x.sizes()[static_cast<int>(d)]; });
}

void append(Dims& list, const Dims& more) {
  for (const auto d : more) list.push_back(d);
}

// The product of two arranged operands, summed over places in which they agree: a batch of matrix products
// over the places that both have, with those of one of them as rows and columns.
Tensor contracted(const Tensor& a, const Tensor& b, const Dims& summed) {
  if (summed.empty()) return mul(a, b);
  Dims batch, rows, columns;
  for (int d = 0; d < a.dim(); ++d) {
    if (std::find(summed.begin(), summed.end(), d) != summed.end()) continue;
    const bool in_a = a.sizes()[d] != 1, in_b = b.sizes()[d] != 1;
    (in_a && in_b ? batch : in_a ? rows : columns).push_back(d);
  }
  Dims order_a = batch, order_b = batch, order = batch;
  append(order_a, rows);
  append(order_a, summed);
  append(order_a, columns);
  append(order_b, summed);
  append(order_b, columns);
  append(order_b, rows);
  append(order, rows);
  append(order, columns);
  append(order, summed);
  const std::int64_t count = product_of(a, batch), length = product_of(a, summed);
  const Tensor left = a.permute(order_a).reshape({count, product_of(a, rows), length});
  const Tensor right = b.permute(order_b).reshape({count, length, product_of(b, columns)});
  Shape shape;
  for (const auto d : batch) shape.push_back(a.sizes()[static_cast<int>(d)]);
  for (const auto d : rows) shape.push_back(a.sizes()[static_cast<int>(d)]);
  for (const auto d : columns) shape.push_back(b.sizes()[static_cast<int>(d)]);
  for (int i = 0; i < summed.size(); ++i) shape.push_back(1);
  Dims back = Dims::filled(order.size(), 0);
  for (int i = 0; i < order.size(); ++i) back[static_cast<int>(order[i])] = i;
  return bmm(left, right).reshape(shape).permute(back);
}

Tensor summed_over(const Tensor& x, const Dims& places) { return places.empty() ? x : sum(x, places, true); }

// The sum of products of arranged operands, from the left to the right. A place is summed over as soon as no
// later operand has it.
Tensor sum_of_products(const Tensors& operands, int output_rank) {
  Tensor out = operands[0];
  const int rank = out.dim();
  if (operands.size() == 1) {
    Dims rest;
    for (int d = output_rank; d < rank; ++d) rest.push_back(d);
    return rest.empty() ? out : sum(out, rest);
  }
  std::vector<int> uses(static_cast<std::size_t>(rank), 0);
  for (const Tensor& x : operands) {
    for (int d = 0; d < rank; ++d) uses[static_cast<std::size_t>(d)] += x.sizes()[d] != 1;
  }
  for (std::size_t k = 1; k < operands.size(); ++k) {
    Dims of_left, of_right, of_both;
    for (int d = output_rank; d < rank; ++d) {
      int& left = uses[static_cast<std::size_t>(d)];
      const bool in_left = out.sizes()[d] != 1, in_right = operands[k].sizes()[d] != 1;
      if (in_left && in_right) {
        if (--left == 1) of_both.push_back(d);
      } else if (left == 1 && (in_left || in_right)) {
        (in_left ? of_left : of_right).push_back(d);
      }
    }
    Tensor a = summed_over(out, of_left), b = summed_over(operands[k], of_right);
    // Sums of integers are int64.
    if (a.dtype() != b.dtype()) {
      a = a.to(int64);
      b = b.to(int64);
    }
    out = contracted(a, b, of_both);
  }
  Shape shape;
  for (int d = 0; d < output_rank; ++d) shape.push_back(out.sizes()[d]);
  return out.reshape(shape);
}

// --- equations

constexpr int letters = 52;
constexpr int ellipsis = letters;  // a subscript that stands for any number of dimensions

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::string shown(int subscript) {
  return subscript == ellipsis ? "..." : std::string(1, alphabet[static_cast<std::size_t>(subscript)]);
}

using Subscripts = std::vector<int>;

Subscripts parse_subscripts(std::string_view text) {
  Subscripts out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\n') continue;
    if (c == '.') {
      if (text.substr(i, 3) != "...")
        fail("einsum", "found '.' in \"{}\" that is not part of any ellipsis", text);
      if (std::find(out.begin(), out.end(), ellipsis) != out.end())
        fail("einsum", "\"{}\" has more than one ellipsis", text);
      out.push_back(ellipsis);
      i += 2;
      continue;
    }
    const std::size_t subscript = alphabet.find(c);
    if (subscript == alphabet.npos) {
      fail("einsum", "invalid subscript '{}' in \"{}\", subscripts must be in [a-zA-Z]", std::string(1, c),
           text);
    }
    out.push_back(static_cast<int>(subscript));
  }
  return out;
}

struct Equation {
  std::vector<Subscripts> operands;
  Subscripts output;
};

// The output of an equation without "->".
Subscripts implicit_output(const std::vector<Subscripts>& operands) {
  int count[letters + 1] = {};
  for (const Subscripts& s : operands) {
    for (const int subscript : s) ++count[subscript];
  }
  Subscripts out;
  if (count[ellipsis] > 0) out.push_back(ellipsis);
  for (int subscript = 0; subscript < letters; ++subscript) {
    if (count[subscript] == 1) out.push_back(subscript);
  }
  return out;
}

Equation parse(std::string_view text) {
  Equation equation;
  const std::size_t arrow = text.find("->");
  std::string_view left = text.substr(0, arrow);
  for (;;) {
    const std::size_t comma = left.find(',');
    equation.operands.push_back(parse_subscripts(left.substr(0, comma)));
    if (comma == left.npos) break;
    left.remove_prefix(comma + 1);
  }
  if (arrow == text.npos) {
    equation.output = implicit_output(equation.operands);
    return equation;
  }
  equation.output = parse_subscripts(text.substr(arrow + 2));
  for (std::size_t i = 0; i < equation.output.size(); ++i) {
    const int subscript = equation.output[i];
    const auto rest = equation.output.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (std::find(rest, equation.output.end(), subscript) != equation.output.end())
      fail("einsum", "output subscript {} appears more than once in the output", shown(subscript));
    const bool known = std::any_of(equation.operands.begin(), equation.operands.end(), [&](const auto& s) {
      return std::find(s.begin(), s.end(), subscript) != s.end();
    });
    if (!known && subscript != ellipsis) {
      fail("einsum", "output subscript {} does not appear in the equation for any input operand",
           shown(subscript));
    }
  }
  return equation;
}

// Where each subscript's dimensions are.
struct Places {
  int first[letters + 1];
  int ellipsis_rank = 0;
  int output_rank = 0;
  int rank = 0;
};

// How many dimensions the ellipsis of an operand stands for.
int ellipsis_rank_of(const Subscripts& subscripts, const Tensor& x, std::size_t number) {
  const bool open = std::find(subscripts.begin(), subscripts.end(), ellipsis) != subscripts.end();
  const int named = static_cast<int>(subscripts.size()) - (open ? 1 : 0);
  if (open ? named > x.dim() : named != x.dim()) {
    fail<ShapeError>(
        "einsum",
        "the number of subscripts in the equation ({}) {} the number of dimensions ({}) of operand {}{}",
        named, open ? "is more than" : "does not match", x.dim(), number,
        open ? "" : ", which has no ellipsis");
  }
  return x.dim() - named;
}

Places find_places(const Equation& equation, const Tensors& operands) {
  Places places;
  std::fill_n(places.first, letters + 1, -1);
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const int rank = ellipsis_rank_of(equation.operands[k], operands[k], k);
    places.ellipsis_rank = std::max(places.ellipsis_rank, rank);
  }
  const auto assign = [&](int subscript) {
    if (places.first[subscript] >= 0) return;
    places.first[subscript] = places.rank;
    places.rank += subscript == ellipsis ? places.ellipsis_rank : 1;
  };
  for (const int subscript : equation.output) assign(subscript);
  places.output_rank = places.rank;
  for (const Subscripts& subscripts : equation.operands) {
    for (const int subscript : subscripts) assign(subscript);
  }
  return places;
}

std::string subscript_at(const Places& places, int place) {
  for (int subscript = 0; subscript < letters; ++subscript) {
    if (places.first[subscript] == place) return shown(subscript);
  }
  return shown(ellipsis);
}

// The operand in the arrangement of the places.
Tensor arranged(const Places& places, const Subscripts& subscripts, const Tensor& x, std::size_t number) {
  std::vector<int> own;
  const int given = x.dim() - static_cast<int>(subscripts.size()) + 1;  // dimensions of an ellipsis
  for (const int subscript : subscripts) {
    if (subscript != ellipsis) {
      own.push_back(places.first[subscript]);
      continue;
    }
    for (int i = places.ellipsis_rank - given; i < places.ellipsis_rank; ++i)
      own.push_back(places.first[ellipsis] + i);
  }
  for (std::size_t i = 0; i < own.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const std::int64_t one = x.sizes()[static_cast<int>(j)], other = x.sizes()[static_cast<int>(i)];
      if (own[i] != own[j] || one == other) continue;
      fail<ShapeError>("einsum",
                       "subscript {} is repeated for operand {} but the sizes don't match, {} and {}",
                       subscript_at(places, own[i]), number, other, one);
    }
  }
  return arranged(x, std::move(own), places.rank);
}

}  // namespace

Tensor einsum(std::string_view text, const Tensors& operands) {
  if (std::any_of(operands.begin(), operands.end(), autocast::lowers)) {
    Tensors taken;
    for (const Tensor& x : operands) taken.push_back(autocast::lowered(x));
    return einsum(text, taken);
  }
  const Equation equation = parse(text);
  if (operands.empty() || operands.size() != equation.operands.size()) {
    fail<ShapeError>("einsum", "{} operands were provided ({}) than specified in the equation \"{}\" ({})",
                     operands.size() < equation.operands.size() ? "fewer" : "more", operands.size(), text,
                     equation.operands.size());
  }
  for (const Tensor& x : operands) check_same_dtype("einsum", operands[0].dtype(), x.dtype());
  const Places places = find_places(equation, operands);
  Tensors inputs;
  Shape common = Shape::filled(places.rank, 1);
  for (std::size_t k = 0; k < operands.size(); ++k) {
    inputs.push_back(arranged(places, equation.operands[k], operands[k], k));
    for (int d = 0; d < places.rank; ++d) {
      const std::int64_t size = inputs[k].sizes()[d];
      if (size == 1 || size == common[d]) continue;
      if (common[d] != 1) {
        fail<ShapeError>(
            "einsum",
            "subscript {} has size {} for operand {} which does not broadcast with previously seen size {}",
            subscript_at(places, d), size, k, common[d]);
      }
      common[d] = size;
    }
  }
  return sum_of_products(inputs, places.output_rank);
}

Tensor tensordot(const Tensor& a, const Tensor& b, const Dims& dims_a, const Dims& dims_b) {
  if (autocast::lowers(a) || autocast::lowers(b)) {
    return tensordot(autocast::lowered(a), autocast::lowered(b), dims_a, dims_b);
  }
  check_same_dtype("tensordot", a.dtype(), b.dtype());
  if (dims_a.size() != dims_b.size()) {
    fail<ShapeError>("tensordot", "both operands need as many dimensions to sum over, {} and {} were given",
                     dims_a, dims_b);
  }
  std::vector<int> places_a(static_cast<std::size_t>(a.dim()), -1);
  std::vector<int> places_b(static_cast<std::size_t>(b.dim()), -1);
  const int output_rank = a.dim() + b.dim() - 2 * dims_a.size();
  for (int i = 0; i < dims_a.size(); ++i) {
    const std::int64_t size_a = a.size(dims_a[i]), size_b = b.size(dims_b[i]);
    if (size_a != size_b && size_a != 1 && size_b != 1) {
      fail<ShapeError>("tensordot",
                       "contracted dimensions need to match, but first has size {} in dim {} and second has "
                       "size {} in dim {}",
                       size_a, dims_a[i], size_b, dims_b[i]);
    }
    int& place_a = places_a[static_cast<std::size_t>(wrap_dim(dims_a[i], a.dim()))];
    int& place_b = places_b[static_cast<std::size_t>(wrap_dim(dims_b[i], b.dim()))];
    if (place_a >= 0 || place_b >= 0) {
      fail<ShapeError>("tensordot", "a dimension appears multiple times, dims {} and {} were given", dims_a,
                       dims_b);
    }
    place_a = place_b = output_rank + i;
  }
  int next = 0;
  for (auto* places : {&places_a, &places_b}) {
    for (int& place : *places) {
      if (place < 0) place = next++;
    }
  }
  const int rank = output_rank + dims_a.size();
  return sum_of_products({arranged(a, places_a, rank), arranged(b, places_b, rank)}, output_rank);
}

Tensor kron(const Tensor& a, const Tensor& b) {
  const int rank = std::max(a.dim(), b.dim());
  // Each dimension becomes two, a's outside and b's inside.
  Shape spread_a, spread_b, merged;
  for (int d = 0; d < rank; ++d) {
    const int own_a = d - rank + a.dim(), own_b = d - rank + b.dim();
    const std::int64_t size_a = own_a < 0 ? 1 : a.sizes()[own_a], size_b = own_b < 0 ? 1 : b.sizes()[own_b];
    std::int64_t size;
    if (__builtin_mul_overflow(size_a, size_b, &size)) {
      fail<ShapeError>("kron", "shapes {} and {} give a size that cannot be counted", a.sizes(), b.sizes());
    }
    spread_a.push_back(size_a);
    spread_a.push_back(1);
    spread_b.push_back(1);
    spread_b.push_back(size_b);
    merged.push_back(size);
  }
  numel(merged);
  return mul(a.reshape(spread_a), b.reshape(spread_b)).reshape(merged);
}

}  // namespace wick
