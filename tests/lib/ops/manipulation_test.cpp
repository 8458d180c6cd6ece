#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "gradcheck.h"
#include "operations.h"

// Elements in other places, advanced indexing, sums of products, norms, distinct values.

namespace wick::test {
namespace {

// The tensors among the arguments from number `from` on.
Tensors tensors_from(const Arguments& a, std::size_t from) {
  Tensors out;
  for (std::size_t i = from; i < a.size(); ++i) out.push_back(t(a, i));
  return out;
}

template <Tensor (*f)(const Tensors&)>
Tensors of_all(const Arguments& a) {
  return {f(tensors_from(a, 0))};
}

template <Tensors (*f)(const Tensor&, std::int64_t)>
Tensors into_parts(const Arguments& a) {
  return f(t(a, 0), a[1].whole());
}

template <Tensors (*f)(const Tensor&, const Dims&)>
Tensors cut_at(const Arguments& a) {
  return f(t(a, 0), a[1].list());
}

// The index that a pattern stands for: a dot for a whole dimension, else the next tensor.
Tensors picked(const std::string& pattern, const Tensors& tensors) {
  Tensors out;
  std::size_t next = 0;
  for (const char c : pattern) out.push_back(c == '.' ? Tensor() : tensors[next++]);
  return out;
}

// Blanks are written as underscores in the file.
Tensors einsum_of(const Arguments& a) {
  std::string equation = a[0].text;
  std::replace(equation.begin(), equation.end(), '_', ' ');
  return {einsum(equation, tensors_from(a, 1))};
}

const Operations manipulation = registered({
    {"flip", with_list<flip>},
    {"roll", [](const Arguments& a) { return Tensors{roll(t(a, 0), a[1].list(), a[2].list())}; }},
    {"rot90", [](const Arguments& a) { return Tensors{rot90(t(a, 0), a[1].whole(), a[2].list())}; }},
    {"atleast_1d", unary<atleast_1d>},
    {"atleast_2d", unary<atleast_2d>},
    {"atleast_3d", unary<atleast_3d>},
    {"tensor_split", [](const Arguments& a) { return tensor_split(t(a, 0), a[1].whole(), a[2].whole()); }},
    {"tensor_split_at", [](const Arguments& a) { return tensor_split(t(a, 0), a[1].list(), a[2].whole()); }},
    {"hsplit", into_parts<hsplit>},
    {"vsplit", into_parts<vsplit>},
    {"dsplit", into_parts<dsplit>},
    {"hsplit_at", cut_at<hsplit>},
    {"vsplit_at", cut_at<vsplit>},
    {"dsplit_at", cut_at<dsplit>},
    {"diagonal",
     [](const Arguments& a) { return Tensors{diagonal(t(a, 0), a[1].whole(), a[2].whole(), a[3].whole())}; }},
    {"squeeze_all", [](const Arguments& a) { return Tensors{squeeze(t(a, 0))}; }},
    {"narrow",
     [](const Arguments& a) { return Tensors{narrow(t(a, 0), a[1].whole(), a[2].whole(), a[3].whole())}; }},
    {"narrow_copy",
     [](const Arguments& a) {
       return Tensors{narrow_copy(t(a, 0), a[1].whole(), a[2].whole(), a[3].whole())};
     }},
    {"hstack", of_all<hstack>},
    {"vstack", of_all<vstack>},
    {"dstack", of_all<dstack>},
    {"column_stack", of_all<column_stack>},
    {"broadcast_tensors", [](const Arguments& a) { return broadcast_tensors(tensors_from(a, 0)); }},
    {"meshgrid_ij", [](const Arguments& a) { return meshgrid(tensors_from(a, 0)); }},
    {"meshgrid_xy", [](const Arguments& a) { return meshgrid(tensors_from(a, 0), "xy"); }},
    {"cartesian_prod", of_all<cartesian_prod>},
    {"combinations",
     [](const Arguments& a) { return Tensors{combinations(t(a, 0), a[1].whole(), a[2].flag())}; }},
    {"block_diag", of_all<block_diag>},

    {"index",
     [](const Arguments& a) { return Tensors{index(t(a, 0), picked(a[1].text, tensors_from(a, 2)))}; }},
    {"index_put",
     [](const Arguments& a) {
       return Tensors{index_put(t(a, 0), picked(a[2].text, tensors_from(a, 4)), t(a, 3), a[1].flag())};
     }},
    {"nonzero", unary<nonzero>},
    {"scatter", [](const Arguments& a) { return Tensors{scatter(t(a, 0), a[1].whole(), t(a, 2), t(a, 3))}; }},
    {"take_along_dim",
     [](const Arguments& a) { return Tensors{take_along_dim(t(a, 0), t(a, 1), a[2].whole())}; }},
    {"take_along_flat", binary<take_along_dim>},
    {"gather_nd", binary<gather_nd>},

    {"einsum", einsum_of},
    {"tensordot",
     [](const Arguments& a) { return Tensors{tensordot(t(a, 0), t(a, 1), a[2].list(), a[3].list())}; }},
    {"kron", binary<kron>},

    {"norm", [](const Arguments& a) { return Tensors{norm(t(a, 0), a[1].real())}; }},
    {"norm_dims",
     [](const Arguments& a) { return Tensors{norm(t(a, 0), a[1].real(), a[2].list(), a[3].flag())}; }},
    {"unique",
     [](const Arguments& a) {
       const UniqueResult out = unique(t(a, 0), true, true, true);
       CHECK(identical(unique(t(a, 0), false).values, out.values));
       return Tensors{out.values, out.inverse, out.counts};
     }},
    {"unique_values", [](const Arguments& a) { return Tensors{unique(t(a, 0)).values}; }},
});

const Tensor corner_mask = tensor({1, 0, 1, 1}, boolean).reshape({2, 2});

}  // namespace

TEST_CASE("rearrange: as PyTorch does it") { check_reference("rearrange.txt", manipulation); }
TEST_CASE("advanced indexing: as PyTorch does it") { check_reference("advanced_indexing.txt", manipulation); }
TEST_CASE("einsum: as PyTorch computes it") { check_reference("einsum.txt", manipulation); }
TEST_CASE("norm: as PyTorch computes it") { check_reference("norm.txt", manipulation); }
TEST_CASE("unique: as PyTorch finds it") { check_reference("unique.txt", manipulation); }

TEST_CASE("rearrange: gradients") {
  const std::pair<const char*, Tensor (*)(const Tensor&)> functions[] = {
      {"flip",
       [](const Tensor& x) {
         return flip(x, {0, 2});
       }},
      {"roll",
       [](const Tensor& x) {
         return roll(x, {1, -2}, {0, 2});
       }},
      {"flat roll", [](const Tensor& x) { return roll(x, {5}); }},
      {"rot90",
       [](const Tensor& x) {
         return rot90(x, 3, {0, 2});
       }},
      {"atleast_3d", [](const Tensor& x) { return atleast_3d(x.select(0, 1)); }},
      {"diagonal", [](const Tensor& x) { return diagonal(x, -1, 0, 2); }},
      {"squeeze", [](const Tensor& x) { return squeeze(narrow(x, 1, 1, 1)); }},
      {"narrow_copy", [](const Tensor& x) { return narrow_copy(x, 1, -2, 1); }},
      {"tensor_split",
       [](const Tensor& x) {
         const Tensors parts = tensor_split(x, 2, 1);
         return mul(parts[0], parts[1]);
       }},
      {"meshgrid",
       [](const Tensor& x) {
         const Tensors grids = meshgrid({x.flatten(), x[0][0]});
         return mul(grids[0], grids[1]);
       }},
      {"cartesian_prod",
       [](const Tensor& x) {
         return cartesian_prod({x.flatten(), x[0][0]});
       }},
      {"combinations", [](const Tensor& x) { return combinations(x.flatten(), 2, true); }},
      {"block_diag",
       [](const Tensor& x) {
         return block_diag({x[0], x[0][0], x[1][1][1], x[1].t()});
       }},
      {"column_stack",
       [](const Tensor& x) {
         return column_stack({x[0], x[1].select(1, 0)});
       }},
  };
  for (const auto& [name, f] : functions) {
    for (const Tensor& x : orders(values({2, 3, 3}))) {
      check_gradients(name, [f = f](const Tensors& in) { return square(f(in[0])); }, {x});
    }
    check_gradients(std::string("complex ") + name, [f = f](const Tensors& in) { return f(in[0]); },
                    {complex_values({2, 3, 3})});
  }
}

TEST_CASE("rearrange: splits are views") {
  const Tensor x = arange(6, int64).reshape({2, 3});
  for (const Tensor& part : tensor_split(x, 2, 1)) CHECK(part.storage() == x.storage());
  CHECK(flip(x, {1}).storage() != x.storage());
  CHECK(narrow_copy(x, 0, 0, 2).storage() != x.storage());
  CHECK(rot90(x, 4).storage() != x.storage());
}

TEST_CASE("rearrange: large flips agree with small ones") {
  const Tensor x = filled({300, 500}, int32, [](std::int64_t i) { return static_cast<double>(i); });
  for (const Tensor& source : {x, x.t()}) {
    const Tensor both = flip(source, {0, 1});
    for (std::int64_t i = 0; i < source.size(0); i += 37)
      CHECK(identical(both[i], flip(source[source.size(0) - 1 - i], {0})));
    CHECK(identical(flip(flip(source, {1}), {1}), source));
  }
}

TEST_CASE("rearrange: what is too large is refused before memory is asked for") {
  const std::int64_t many = std::int64_t{1} << 40;
  const Tensor wide = zeros({1}).expand({many}), number = zeros({});
  CHECK_THROWS_AS(cartesian_prod({wide, wide}), ShapeError);
  CHECK_THROWS_AS(cartesian_prod({wide, zeros({3})}), Error);
  CHECK_THROWS_AS(meshgrid({wide, wide}), ShapeError);
  CHECK_THROWS_AS(kron(wide, wide), ShapeError);
  CHECK_THROWS_AS(kron(wide.reshape({many, 1}), wide), ShapeError);
  CHECK_THROWS_AS(block_diag({zeros({1, 1}).expand({many, 1}), zeros({1, 1}).expand({1, many})}), ShapeError);
  CHECK_THROWS_AS(combinations(zeros({200}), 100), ShapeError);
  CHECK_THROWS_AS(combinations(zeros({3}), std::numeric_limits<std::int64_t>::max(), true), ShapeError);
  CHECK_THROWS_AS(combinations(zeros({1}), std::numeric_limits<std::int64_t>::max() / 2, true), ShapeError);
  CHECK(combinations(zeros({3}), std::numeric_limits<std::int64_t>::max() / 16).sizes()[0] == 0);
  CHECK_THROWS_AS(tensor_split(zeros({3}), std::numeric_limits<std::int64_t>::max()), MemoryError);
  CHECK_THROWS_AS(einsum("i,j->ij", {wide, wide}), ShapeError);
  CHECK_THROWS_AS(tensordot(wide, wide, {}, {}), ShapeError);
  CHECK_THROWS_AS(broadcast_tensors({wide, zeros({many, 1})}), Error);
}

TEST_CASE("rearrange: combinations in order") {
  const Tensor rows = combinations(arange(12, int64), 5);
  CHECK(rows.sizes() == Shape{792, 5});
  for (std::int64_t i = 1; i < rows.size(0); ++i) {
    const auto before = to_vector<std::int64_t>(rows[i - 1]), row = to_vector<std::int64_t>(rows[i]);
    REQUIRE(before < row);
    REQUIRE(std::adjacent_find(row.begin(), row.end(), std::greater_equal<>()) == row.end());
  }
}

TEST_CASE("broadcast_shapes of several shapes") {
  const std::vector<Shape> shapes{{8, 1, 6, 1}, {7, 1, 5}, {1, 1, 1, 5}, {}};
  CHECK(broadcast_shapes(shapes) == Shape{8, 7, 6, 5});
  CHECK(broadcast_shapes(std::span<const Shape>()) == Shape{});
  CHECK_THROWS_AS(broadcast_shapes(std::vector<Shape>{{-1}}), ShapeError);
  CHECK_THROWS_AS(broadcast_shapes(std::vector<Shape>{{2, 3}, {3, 2}}), ShapeError);
}

TEST_CASE("advanced indexing: gradients") {
  const Tensor a = tensor({1, -1, 0, 1}, int64), b = tensor({2, 0, -1, 2}, int64);
  const std::pair<const char*, Tensors> indices[] = {{"rows", {a}},
                                                     {"elements", {a, b}},
                                                     {"inner", {Tensor(), b}},
                                                     {"apart", {a, Tensor(), tensor({1, 0, 1, 1}, int64)}},
                                                     {"spread", {a.reshape({4, 1}), b}},
                                                     {"mask", {Tensor(), tensor({1, 0, 1}, boolean)}}};
  for (const auto& [name, index_tensors] : indices) {
    for (const Tensor& x : orders(values({2, 3, 2}))) {
      const Shape picked_shape = index(x, index_tensors).sizes();
      check_gradients(std::string("index ") + name,
                      [&](const Tensors& in) { return square(index(in[0], index_tensors)); }, {x});
      for (const bool accumulate : {false, true}) {
        check_gradients(
            std::string("index_put ") + name,
            [&](const Tensors& in) { return square(index_put(in[0], index_tensors, in[1], accumulate)); },
            {x, values(picked_shape, 30)});
      }
    }
  }
  check_gradients("complex index",
                  [&](const Tensors& in) {
                    return index(in[0], {a, b});
                  },
                  {complex_values({2, 3})});
  check_gradients("index_put, broadcast",
                  [&](const Tensors& in) { return square(index_put(in[0], {a}, in[1], true)); },
                  {values({2, 3}), values({3}, 30)});

  const Tensor places = tensor({2, 0, 1, 2, 2, 0}, int64).reshape({2, 3});
  for (const Tensor& x : orders(values({3, 4}))) {
    check_gradients("scatter", [&](const Tensors& in) { return square(scatter(in[0], 0, places, in[1])); },
                    {x, values({3, 3}, 30)});
    check_gradients("take_along_dim",
                    [&](const Tensors& in) {
                      return square(take_along_dim(in[0], places.slice(1, 0, 1).expand({2, 4}), 0));
                    },
                    {x});
    check_gradients("gather_nd",
                    [&](const Tensors& in) { return square(gather_nd(in[0], places.slice(1, 1, 3))); }, {x});
  }
}

TEST_CASE("advanced indexing: the last of several values counts, and has the gradient") {
  const Tensor x = zeros({2}), first = tensor({1, 2, 3}, float32), places = tensor({1, 1, 0}, int64);
  first.requires_grad_();
  for (const Tensor& out : {index_put(x, {places}, first), scatter(x, 0, places, first)}) {
    CHECK(to_vector<double>(out) == std::vector<double>{3, 2});
    first.set_grad(Tensor());
    sum(out).backward();
    CHECK(to_vector<double>(first.grad()) == std::vector<double>{0, 1, 1});
  }
  // Also where the values lie in another order than the places.
  const Tensor places2 = tensor({0, 0, 0, 0, 0, 0}, int64).reshape({2, 3});
  const Tensor turned = tensor({1, 2, 3, 4, 5, 6}, float32).reshape({3, 2}).t();
  CHECK(index_put(zeros({1}), {places2}, turned).item().to_double() == 6);
  CHECK(index_put(zeros({1, 2}), {places2}, stack({turned, neg(turned)}, 0).permute({1, 2, 0}))[0][1]
            .item()
            .to_double() == -6);
}

TEST_CASE("advanced indexing: every index is checked before anything is read or written") {
  const Tensor x = zeros({3, 2});
  for (const double bad : {-4.0, 3.0, 1e18, -1e18}) {
    const Tensor places = tensor({0, bad}, int64);
    CHECK_THROWS_AS(index(x, {places}), IndexError);
    CHECK_THROWS_AS(index_put(x, {places}, ones({2, 2})), IndexError);
    CHECK_THROWS_AS(scatter(x, 0, places.unsqueeze(1), ones({2, 1})), IndexError);
    CHECK_THROWS_AS(gather_nd(x, places.unsqueeze(1)), IndexError);
    CHECK_THROWS_AS(take_along_dim(x, places.unsqueeze(1), 0), IndexError);
  }
  CHECK_THROWS_AS(gather_nd(x, tensor({-1}, int64)), IndexError);
  CHECK_THROWS_AS(gather_nd(x, zeros({2, 3}, int64)), ShapeError);
  CHECK_THROWS_AS(gather_nd(x, zeros({}, int64)), ShapeError);
  CHECK_THROWS_AS(index(x, {corner_mask}), IndexError);
  CHECK_THROWS_AS(index(x, {Tensor(), Tensor(), Tensor()}), IndexError);
  for (const DType dtype : {uint8, int16, int32, float32, complex64})
    CHECK_THROWS_AS(index(x, {zeros({1}, dtype)}), DTypeError);
  CHECK(to_vector<double>(x) == std::vector<double>(6, 0));
}

TEST_CASE("advanced indexing: coordinates of none pick everything") {
  const Tensor x = arange(6, int64).reshape({2, 3});
  CHECK(identical(gather_nd(x, zeros({4, 0}, int64)), x.expand({4, 2, 3})));
  CHECK(identical(index(x, {}), x));
}

TEST_CASE("advanced indexing: rows by the thousand, in parallel as alone") {
  manual_seed(6);
  const Tensor x = randint(-100, 100, {500, 90}, int16), places = randint(-500, 500, {3000});
  const Tensor rows = index(x, {places});
  const Tensor wrapped = where(lt(places, scalar_tensor(0, int64)), add(places, 500), places);
  CHECK(identical(rows, index_select(x, 0, wrapped)));
  CHECK(identical(index(x.t(), {Tensor(), places}), rows.t()));
  CHECK(identical(index_put(zeros({500, 90}, int16), {places}, rows, true),
                  index_add(zeros({500, 90}, int16), 0, wrapped, rows)));
}

TEST_CASE("einsum: gradients") {
  const std::pair<const char*, std::vector<Shape>> cases[] = {{"ij,jk->ik", {{2, 3}, {3, 2}}},
                                                              {"ii->i", {{3, 3}}},
                                                              {"iij->j", {{2, 2, 3}}},
                                                              {"bij,bjk->bki", {{2, 2, 3}, {2, 3, 2}}},
                                                              {"i,ij,j", {{2}, {2, 3}, {3}}},
                                                              {"ij,ij->ji", {{2, 3}, {2, 1}}},
                                                              {"...i,i...->...", {{2, 3}, {3, 2}}},
                                                              {"ij,k->k", {{2, 2}, {2}}}};
  for (const auto& [equation, shapes] : cases) {
    Tensors given, complex;
    for (const Shape& shape : shapes) {
      given.push_back(orders(values(shape, 20 * static_cast<std::int64_t>(given.size()))).back());
      complex.push_back(complex_values(shape, 20 * static_cast<std::int64_t>(complex.size())));
    }
    const Function f = [equation = equation](const Tensors& in) { return square(einsum(equation, in)); };
    check_gradients(equation, f, given);
    check_gradients(std::string("complex ") + equation, f, complex);
  }
  check_gradients("tensordot",
                  [](const Tensors& in) {
                    return square(tensordot(in[0], in[1], {2, 0}, {0, 1}));
                  },
                  {values({2, 3, 2}), values({2, 2}, 30)});
  check_gradients("kron", [](const Tensors& in) { return square(kron(in[0], in[1])); },
                  {values({2, 3}), values({2}, 30)});
}

TEST_CASE("einsum: integers, and what is refused") {
  // Sums of int32 are int64, and so is their product.
  const Tensor a = ones({2, 3}, int32);
  CHECK(einsum("ij,jk->k", {a, ones({3, 2}, int32)}).dtype() == int64);
  CHECK(einsum("ij,jk->ik", {a, ones({3, 2}, int32)}).dtype() == int32);
  CHECK_THROWS_AS(einsum("i,i->i", {ones({2}), ones({2}, float64)}), DTypeError);
  CHECK_THROWS_AS(einsum("", {}), ShapeError);
  CHECK_THROWS_AS(einsum(std::string("i\0", 2), {ones({2})}), Error);
  std::string every;
  for (char c = 'a'; c <= 'z'; ++c) every += c;
  CHECK(einsum(every + "...", {ones(Shape::filled(60, 1))}).dim() == 60);
  CHECK_THROWS_AS(einsum("..." + every + ",...", {ones(Shape::filled(64, 1)), ones(Shape::filled(64, 1))}),
                  ShapeError);
  CHECK(einsum(every, {ones(Shape::filled(26, 1))}).dim() == 26);
}

TEST_CASE("norm: gradients") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  for (const double p : {0.0, 0.5, 1.0, 1.5, 2.0, 3.0, -1.0, -2.5, inf, -inf}) {
    const std::string what = "norm " + std::to_string(p);
    for (const Tensor& x : orders(values({2, 3, 2}))) {
      check_gradients(what, [p](const Tensors& in) { return square(norm(in[0], p)); }, {x});
      check_gradients(what + " along",
                      [p](const Tensors& in) {
                        return square(norm(in[0], p, {0, -1}));
                      },
                      {x});
      check_gradients(what + " keeping", [p](const Tensors& in) { return norm(in[0], p, {1}, true); }, {x});
    }
    check_gradients("complex " + what, [p](const Tensors& in) { return norm(in[0], p, {1}); },
                    {complex_values({2, 3})});
  }
}

TEST_CASE("norm: zeros have finite gradients, twice") {
  for (const double p : {1.0, 1.5, 2.0, 3.0}) {
    const Tensor x = tensor({0, 0, 3}, float64).reshape({1, 3}), z = zeros({2, 3}, float64);
    const Tensor both = cat({x, z}).requires_grad_();
    const Tensor first = grad({sum(norm(both, p, {1}))}, {both}, {}, true, true)[0];
    CHECK(allclose(first.detach(), cat({tensor({0, 0, 1}, float64).reshape({1, 3}), z})));
    const Tensor second = grad({sum(first)}, {both})[0];
    if (second.defined()) CHECK(to_vector<bool>(isfinite(second)) == std::vector<bool>(9, true));
  }
}

TEST_CASE("unique: NaN, signed zeros, and places") {
  const double nan = std::nan("");
  const Tensor x = tensor({nan, 1, nan, -0.0, 0.0, 3, nan}, float64);
  const UniqueResult out = unique(x, true, true, true);
  CHECK(out.values.numel() == 6);
  CHECK(std::signbit(out.values[0].item().to_double()));
  CHECK(to_vector<std::int64_t>(out.inverse) == std::vector<std::int64_t>{3, 1, 4, 0, 0, 2, 5});
  CHECK(to_vector<std::int64_t>(out.counts) == std::vector<std::int64_t>{2, 1, 1, 1, 1, 1});
  CHECK(!unique(x).inverse.defined());
  CHECK(!unique(x).counts.defined());

  manual_seed(8);
  const Tensor many = randint(0, 1000, {100, 300});
  const UniqueResult found = unique(many.t(), true, true, true);
  CHECK(identical(index(found.values, {found.inverse}), many.t().contiguous()));
  CHECK(sum(found.counts).item().to_int() == 30000);
}

TEST_CASE("unique: integers that lie close together, and far apart") {
  const auto check = [](const Tensor& x) {
    const UniqueResult out = unique(x, true, true, true);
    const auto given = to_vector<std::int64_t>(x), values = to_vector<std::int64_t>(out.values),
               counts = to_vector<std::int64_t>(out.counts), places = to_vector<std::int64_t>(out.inverse);
    CHECK(out.values.dtype() == x.dtype());
    std::map<std::int64_t, std::int64_t> expected;
    for (const auto v : given) ++expected[v];
    REQUIRE(values.size() == expected.size());
    std::size_t i = 0, wrong = 0;
    for (const auto& [value, count] : expected) {
      wrong += values[i] != value || counts[i] != count;
      ++i;
    }
    for (i = 0; i < given.size(); ++i) wrong += values[static_cast<std::size_t>(places[i])] != given[i];
    CHECK(wrong == 0);
    CHECK(identical(unique(x).values, out.values));
  };
  manual_seed(8);
  for (const DType dtype : {uint8, int8, int16, int32, int64}) check(randint(0, 100, {500}).to(dtype));
  for (const DType dtype : {int8, int16, int32, int64}) check(sub(randint(0, 100, {500}), 70).to(dtype));
  check(tensor({-3}, int64));
  for (const std::int64_t span : {65535, 65536, 70000}) check(add(randint(0, span + 1, {100000}), -40000));
  const Tensor far = randint(0, 3, {200});
  far[7].fill_(INT64_MIN);
  far[70].fill_(INT64_MAX);
  check(far);
  const Tensor truth = unique(tensor({1, 0, 1}, boolean)).values;
  CHECK(identical(truth, tensor({0, 1}, boolean)));
}

}  // namespace wick::test
