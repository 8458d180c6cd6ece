#include "wick/sparse/sparse.h"

#include <cmath>
#include <limits>

#include "gradcheck.h"
#include "levels.h"
#include "operations.h"

namespace wick::test {
namespace {

SparseTensor coo(const Arguments& a, std::size_t at = 0) {
  return sparse_coo_tensor(t(a, at), t(a, at + 1), a[at + 2].list());
}

Tensor dense(const SparseTensor& x) { return x.to_dense(); }
Tensor dense(const sparse::AnyTensor& x) {
  return std::holds_alternative<Tensor>(x) ? std::get<Tensor>(x) : std::get<SparseTensor>(x).to_dense();
}

Layout layout_named(const std::string& word) {
  return word == "csr" ? Layout::Csr : word == "csc" ? Layout::Csc : Layout::Coo;
}

Tensors parts(const SparseTensor& x) {
  switch (x.layout()) {
    case Layout::Csr:
      return {x.crow_indices(), x.col_indices(), x.values()};
    case Layout::Csc:
      return {x.ccol_indices(), x.row_indices(), x.values()};
    case Layout::Coo:
      break;
  }
  return {x.indices(), x.values()};
}

// The same in all layouts that there are; f takes a sparse tensor and gives a dense one.
template <class F>
Tensors in_all_layouts(const SparseTensor& x, F f) {
  const Tensor out = f(x);
  if (x.sparse_dim() == 2 && x.dense_dim() == 0) {
    for (const Layout layout : {Layout::Csr, Layout::Csc}) {
      const Tensor other = f(x.to_sparse(layout));
      CHECK(other.dtype() == out.dtype());
      const DType wide = is_complex(out.dtype()) ? complex128 : float64;
      const double tolerance = !is_differentiable(out.dtype())      ? 0
                               : real_dtype(out.dtype()) == float64 ? 1e-13
                                                                    : 1e-5;
      CHECK(allclose(other.to(wide), out.to(wide), tolerance, tolerance, true));
    }
  }
  return {out};
}

const Operations sparse_operations = registered({
    {"sparse_to_dense",
     [](const Arguments& a) {
       return in_all_layouts(coo(a), [](const SparseTensor& x) { return dense(x); });
     }},
    {"sparse_coalesce",
     [](const Arguments& a) {
       const SparseTensor x = coo(a).coalesce();
       CHECK(x.is_coalesced());
       return parts(x);
     }},
    {"sparse_compressed",
     [](const Arguments& a) { return parts(coo(a).to_sparse(layout_named(a[3].text))); }},
    {"sparse_transpose",
     [](const Arguments& a) {
       return in_all_layouts(
           coo(a), [&](const SparseTensor& x) { return dense(x.transpose(a[3].whole(), a[4].whole())); });
     }},
    {"sparse_sum",
     [](const Arguments& a) {
       const Dims dims = a[3].list();
       return in_all_layouts(coo(a), [&](const SparseTensor& x) {
         return dims.empty() ? sparse::sum(x) : dense(sparse::sum(x, dims));
       });
     }},
    {"sparse_add",
     [](const Arguments& a) {
       return in_all_layouts(coo(a), [&](const SparseTensor& x) {
         return dense(sparse::add(x, coo(a, 3).to_sparse(x.layout()), a[6].number()));
       });
     }},
    {"sparse_add_dense",
     [](const Arguments& a) {
       return in_all_layouts(coo(a, 1),
                             [&](const SparseTensor& x) { return sparse::add(t(a, 0), x, a[4].number()); });
     }},
    {"sparse_mask",
     [](const Arguments& a) {
       return in_all_layouts(coo(a, 1),
                             [&](const SparseTensor& x) { return dense(sparse::mask(t(a, 0), x)); });
     }},
    {"sparse_mm",
     [](const Arguments& a) {
       return in_all_layouts(coo(a), [&](const SparseTensor& x) { return sparse::mm(x, t(a, 3)); });
     }},
    {"sparse_mm_sparse",
     [](const Arguments& a) {
       return in_all_layouts(coo(a), [&](const SparseTensor& x) {
         return dense(sparse::mm(x, coo(a, 3).to_sparse(x.layout())));
       });
     }},
    {"sparse_softmax",
     [](const Arguments& a) {
       return in_all_layouts(coo(a),
                             [&](const SparseTensor& x) { return dense(sparse::softmax(x, a[3].whole())); });
     }},
    {"sparse_log_softmax",
     [](const Arguments& a) {
       return in_all_layouts(
           coo(a), [&](const SparseTensor& x) { return dense(sparse::log_softmax(x, a[3].whole())); });
     }},
});

TEST_CASE("sparse tensors: PyTorch's values") {
  EachLevel()([](const std::string& level) {
    CAPTURE(level);
    check_reference("sparse.txt", all_operations());
  });
}

// A matrix with two entries at one place, one in a corner, and a row without any.
SparseTensor example(DType dtype = float64) {
  return sparse_coo_tensor(tensor({2, 0, 0, 2, 4, 1, 3, 1, 2, 3, 3, 0}).reshape({2, 6}),
                           tensor({1.5, -2.0, 0.5, 3.0, -1.0, 4.0}, dtype), Shape{5, 4});
}

TEST_CASE("sparse tensors: what is known of one") {
  const SparseTensor x = example();
  CHECK(x.defined());
  CHECK(!SparseTensor().defined());
  CHECK_THROWS_AS(SparseTensor().sizes(), Error);
  CHECK_THROWS_AS(SparseTensor().values(), Error);
  CHECK(x.sizes() == Shape{5, 4});
  CHECK(x.size(-1) == 4);
  CHECK_THROWS_AS(x.size(2), IndexError);
  CHECK(x.numel() == 20);
  CHECK(x.nnz() == 6);
  CHECK(x.layout() == Layout::Coo);
  CHECK(name(x.layout()) == "coo");
  CHECK(!x.is_coalesced());
  const SparseTensor c = x.coalesce();
  CHECK(c.is_coalesced());
  CHECK(equal(c.values(), tensor({-2.0, 0.5, 4.0, 4.5, -1.0}, float64)));
  CHECK(c.coalesce().values().is_same(c.values()));
  CHECK_THROWS_AS(x.crow_indices(), Error);
  CHECK(equal(x.to_sparse_csr().crow_indices(), tensor({0, 2, 3, 4, 4, 5})));
  // Places are nobody's to change; nor is what they were made of still looked at.
  CHECK_THROWS_AS(x.indices().add_(1), Error);
  const Tensor places = tensor({0, 1}).reshape({1, 2});
  const SparseTensor y = sparse_coo_tensor(places, ones({2}), Shape{2});
  places.fill_(100);
  CHECK(equal(y.to_dense(), ones({2})));
  // Without a size the smallest that will do.
  CHECK(sparse_coo_tensor(x.indices(), x.values()).sizes() == Shape{5, 4});
  CHECK(sparse_csr_tensor(tensor({0, 1, 1}), tensor({6}), ones({1})).sizes() == Shape{2, 7});
  CHECK(sparse_csc_tensor(tensor({0, 1, 1}), tensor({6}), ones({1})).sizes() == Shape{7, 2});
  CHECK(equal(x.to(float32).to_dense(), x.to_dense().to(float32)));
  CHECK(to_string(sparse_coo_tensor(tensor({1}).reshape({1, 1}), ones({1}), Shape{2})) ==
        "tensor(indices=tensor([[1]]),\n       values=tensor([1.]),\n       size={2}, nnz=1, layout=coo)");
  // Without any sparse dimension, as a 0-d tensor.
  const SparseTensor scalar = sparse_coo_tensor(zeros({0, 3}, int64), tensor({1.0, 2.0, 4.0}), Shape{});
  CHECK(scalar.to_dense().item<double>() == 7);
  CHECK(scalar.coalesce().nnz() == 1);
}

TEST_CASE("sparse tensors: what is refused") {
  const Tensor i = tensor({0, 1}).reshape({1, 2}), v = ones({2});
  CHECK_THROWS_WITH_AS(sparse_coo_tensor(i, v, Shape{1}),
                       "sparse_coo_tensor: size is inconsistent with indices: index 1 is out of range for "
                       "size 1 of dimension 0",
                       IndexError);
  CHECK_THROWS_AS(sparse_coo_tensor(tensor({0, -1}).reshape({1, 2}), v, Shape{3}), IndexError);
  CHECK_THROWS_AS(sparse_coo_tensor(i, ones({3}), Shape{3}), ShapeError);
  CHECK_THROWS_AS(sparse_coo_tensor(i, ones({2, 2}), Shape{3}), ShapeError);
  CHECK_THROWS_AS(sparse_coo_tensor(i, v, Shape{}), ShapeError);
  CHECK_THROWS_AS(sparse_coo_tensor(i, v, Shape{-1}), ShapeError);
  CHECK_THROWS_AS(sparse_coo_tensor(i, v, Shape{INT64_C(1) << 40, INT64_C(1) << 40}), ShapeError);
  CHECK_THROWS_AS(sparse_coo_tensor(i, ones({}), Shape{2}), ShapeError);
  CHECK_THROWS_AS(sparse_coo_tensor(i.to(float32), v, Shape{3}), DTypeError);
  CHECK_THROWS_AS(sparse_coo_tensor(tensor({0, 1}), v, Shape{3}), ShapeError);
  const auto csr = [](const Tensor& p, const Tensor& c) {
    sparse_csr_tensor(p, c, ones({c.numel()}), Shape{2, 3});
  };
  CHECK_NOTHROW(csr(tensor({0, 2, 2}), tensor({0, 1})));
  CHECK_THROWS_AS(csr(tensor({0, 2, 2}), tensor({1, 0})), ShapeError);  // descends
  CHECK_THROWS_AS(csr(tensor({0, 2, 2}), tensor({0, 0})), ShapeError);  // twice
  CHECK_THROWS_AS(csr(tensor({1, 1, 2}), tensor({0, 1})), ShapeError);  // does not begin with 0
  CHECK_THROWS_AS(csr(tensor({0, 2, 1}), tensor({0, 1})), ShapeError);  // does not end with the count
  CHECK_THROWS_AS(csr(tensor({0, 3, 2}), tensor({0, 1})), ShapeError);  // leads out of the entries
  CHECK_THROWS_AS(csr(tensor({0, -4, 2}), tensor({0, 1})), ShapeError);
  CHECK_THROWS_AS(csr(tensor({0, 2}), tensor({0, 1})), ShapeError);  // too few rows
  CHECK_THROWS_AS(csr(tensor({0, 1, 2}), tensor({0, 3})), IndexError);
  CHECK_THROWS_AS(csr(zeros({0}, int64), tensor({0, 1})), ShapeError);

  const SparseTensor x = example(), hybrid = sparse_coo_tensor(i, ones({2, 3}), Shape{2, 3});
  CHECK_THROWS_AS(hybrid.transpose(0, 1), ShapeError);
  CHECK_THROWS_AS(hybrid.to_sparse_csr(), ShapeError);
  CHECK_THROWS_AS(hybrid.reshape({3, 2}), ShapeError);
  CHECK_THROWS_AS(sparse::mm(hybrid, ones({3, 2})), ShapeError);
  CHECK_THROWS_AS(sparse::mm(x, ones({3, 2}, float64)), ShapeError);
  CHECK_THROWS_AS(sparse::mm(x, ones({4, 2})), DTypeError);
  CHECK_THROWS_AS(sparse::mm(x.to(boolean), ones({4, 2}, boolean)), DTypeError);
  CHECK_THROWS_AS(sparse::mm(x, x), ShapeError);
  CHECK_THROWS_AS(sparse::mv(x, ones({3}, float64)), ShapeError);
  CHECK_THROWS_AS(sparse::add(x, x.t()), ShapeError);
  CHECK_THROWS_AS(sparse::add(ones({4}), x), ShapeError);  // nothing is broadcast
  CHECK_THROWS_AS(sparse::add(x.to(int64), x.to(int64), 0.5), Error);
  CHECK(equal(sparse::add(x.to(int64), x.to(int64), 2.0).to_dense(), mul(x.to(int64).to_dense(), 3)));
  CHECK_THROWS_AS(sparse::softmax(x.to(int64), 0), DTypeError);
  CHECK_THROWS_AS(sparse::softmax(x, 2), IndexError);
  CHECK_THROWS_AS(sparse::mask(ones({4, 5}), x), ShapeError);
  CHECK_THROWS_AS(x.reshape({7, 3}), ShapeError);
  CHECK_THROWS_AS(x.to_sparse_csr().reshape({20}), ShapeError);
  CHECK_THROWS_AS(x.with_values(ones({5})), ShapeError);
}

TEST_CASE("sparse tensors: other forms of the same") {
  for (const DType dtype : all_dtypes) {
    CAPTURE(dtype);
    const Tensor x = example().to_dense().to(dtype);
    for (const Layout layout : {Layout::Coo, Layout::Csr, Layout::Csc}) {
      const SparseTensor s = to_sparse(x, layout);
      CHECK(s.layout() == layout);
      CHECK(s.nnz() == count_nonzero(x).item<std::int64_t>());
      CHECK(identical(s.to_dense(), x));
      CHECK(identical(s.t().to_dense(), x.t()));
      CHECK(identical(s.to_sparse_coo().reshape({2, -1, 5}).to_dense(), x.reshape({2, 2, 5})));
      CHECK(identical(sparse::mask(x, s).values(), s.values()));
      CHECK(identical(sparse::mask(s, s).to_dense(), x));
      CHECK(identical(s.indices(),
                      layout == Layout::Csc ? s.t().indices().flip({0}) : nonzero(x).t().contiguous()));
    }
    const SparseTensor rows = to_sparse(x, Layout::Coo, 1);
    CHECK(rows.dense_dim() == 1);
    CHECK(rows.nnz() == 4);
    CHECK(identical(rows.to_dense(), x));
  }
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3, 0}, Shape{0, 2, 1}, Shape{1, 1, 1}}) {
    const Tensor x = ones(shape);
    CHECK(identical(to_sparse(x).to_dense(), x));
    CHECK(identical(to_sparse(zeros(shape)).to_dense(), zeros(shape)));
  }
  // Places that take more than 32 bits.
  const SparseTensor wide =
      sparse_coo_tensor(tensor({5, 1, 5, 1000000, 7, 1000000}).reshape({2, 3}), tensor({1.0, 2.0, 4.0}),
                        Shape{INT64_C(1) << 30, INT64_C(1) << 30});
  CHECK(equal(wide.coalesce().values(), tensor({2.0, 5.0})));
  CHECK(equal(wide.coalesce().indices(), tensor({1, 5, 7, 1000000}).reshape({2, 2})));
}

TEST_CASE("sparse tensors: sums of bool, of half precision and of long rows") {
  const SparseTensor both = sparse_coo_tensor(zeros({1, 3}, int64), tensor({true, true, false}), Shape{2});
  CHECK(equal(both.to_dense(), tensor({true, false})));
  CHECK(equal(both.coalesce().values(), tensor({true})));
  CHECK(sparse::sum(both).item<std::int64_t>() == 1);
  CHECK(equal(dense(sparse::sum(both, {0})), full({}, true, boolean)));
  // 3000 ones at one place: more than float16 counts one by one.
  const SparseTensor many = sparse_coo_tensor(zeros({1, 3000}, int64), ones({3000}, float16), Shape{1});
  CHECK(many.to_dense().item<double>() == 3000);
  CHECK(many.coalesce().values().item<double>() == 3000);
  const SparseTensor row = sparse_coo_tensor(stack({zeros({3000}, int64), arange(3000, int64)}),
                                             ones({3000}, float16), Shape{1, 3000});
  CHECK(sparse::mm(row, ones({3000, 1}, float16)).item<double>() == 3000);
  // A float32 row of 0.1 is summed in double.
  const SparseTensor tenths = sparse_coo_tensor(stack({zeros({100000}, int64), arange(100000, int64)}),
                                                full({100000}, 0.1), Shape{1, 100000});
  const double exact = 100000 * static_cast<double>(0.1f);
  EachLevel()([&](const std::string&) {
    for (const std::int64_t width : {1, 2, 3, 5, 9, 33}) {
      const Tensor sums = sparse::mm(tenths, ones({100000, width}));
      CHECK(std::abs(sums.min().item<double>() - exact) < 1e-3);
      CHECK(std::abs(sums.max().item<double>() - exact) < 1e-3);
    }
  });
}

TEST_CASE("sparse tensors: products with strided, transposed and expanded factors") {
  const SparseTensor x = example();
  const Tensor d = x.to_dense();
  for (const Tensor& y : orders(values({4, 9}))) {
    CHECK(allclose(sparse::mm(x, y), mm(d, y)));
    CHECK(allclose(sparse::mm(y.t(), x.t()), mm(y.t(), d.t())));
  }
  CHECK(allclose(sparse::mm(x, values({4, 1}).expand({4, 7})), mm(d, values({4, 1}).expand({4, 7}))));
  CHECK(allclose(sparse::mm(x, values({7}).expand({4, 7})), mm(d, values({7}).expand({4, 7}))));
  CHECK(allclose(sparse::mv(x, values({4})), mm(d, values({4, 1})).squeeze(1)));
  const Tensor a = values({5, 3}), b = values({3, 4});
  const SparseTensor s = sparse::sampled_mm(x, a, b);
  CHECK(allclose(s.to_dense(), sparse::mask(mm(a, b), x).to_dense()));
  // A product of mixed layouts is Coo.
  CHECK(sparse::mm(x.to_sparse_csr(), x.t()).layout() == Layout::Coo);
  CHECK(sparse::mm(x.to_sparse_csc(), x.t().to_sparse_csc()).layout() == Layout::Csc);
  // Sparse columns among very many take the other way of finding places.
  const std::int64_t wide = 1 << 20;
  const SparseTensor y = sparse_coo_tensor(tensor({0, 1, 2, 3, 3, 1, 900000, 5, 70000, 64}).reshape({2, 5}),
                                           tensor({1.0, 2.0, 3.0, 4.0, 5.0}, float64), Shape{4, wide});
  const SparseTensor product = sparse::mm(x, y);
  CHECK(product.is_coalesced());
  CHECK(allclose(index_select(product.to_dense(), 1, tensor({1, 5, 64, 70000, 900000})),
                 mm(d, index_select(y.to_dense(), 1, tensor({1, 5, 64, 70000, 900000})))));
}

TEST_CASE("sparse tensors: results do not depend on the number of threads") {
  manual_seed(3);
  const SparseTensor x =
      sparse_coo_tensor(randint(0, 3000, {2, 60000}, int64), randn({60000}), Shape{3000, 3000}).coalesce();
  const Tensor y = randn({3000, 40});
  const auto results = [&] {
    return Tensors{sparse::mm(x, y), sparse::mm(x, x).values(), sparse::sampled_mm(x, y, y.t()).values()};
  };
  const Tensors one = with_threads(1, results), three = with_threads(3, results);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(identical(one[i], three[i]));
}

TEST_CASE("sparse tensors: gradients of values and dense operands, twice") {
  const SparseTensor places = example(), other = example().t();
  const auto check = [&](const char* what, const std::function<Tensor(const SparseTensor&)>& f) {
    for (const Layout layout : {Layout::Coo, Layout::Csr, Layout::Csc}) {
      const SparseTensor s = places.to_sparse(layout);
      check_gradients(std::string(what) + " " + std::string(name(layout)),
                      [&](const Tensors& x) { return f(s.with_values(x[0])); }, {values({s.nnz()})});
    }
  };
  check("to_dense", [](const SparseTensor& x) { return square(x.to_dense()); });
  check("coalesce", [](const SparseTensor& x) { return square(x.coalesce().values()); });
  check("to_sparse", [](const SparseTensor& x) { return square(x.to_sparse_csc().values()); });
  check("transpose", [](const SparseTensor& x) { return square(x.t().to_dense()); });
  check("sum", [](const SparseTensor& x) { return square(sparse::sum(x)); });
  check("sum of rows", [](const SparseTensor& x) { return square(dense(sparse::sum(x, {1}))); });
  check("softmax", [](const SparseTensor& x) { return sparse::softmax(x, 1).to_dense(); });
  check("log_softmax", [](const SparseTensor& x) { return sparse::log_softmax(x, 0).values(); });
  check("mask", [&](const SparseTensor& x) { return square(sparse::mask(x, example()).values()); });
  check("mul of sparse", [&](const SparseTensor& x) { return sparse::mm(x, other).to_dense(); });
  check("its square", [&](const SparseTensor& x) { return sparse::mm(x, x.t()).to_dense(); });
  check_gradients("both factors",
                  [&](const Tensors& x) {
                    return sparse::mm(places.with_values(x[0]), other.with_values(x[1])).to_dense();
                  },
                  {values({6}), values({6}, 11)});
  check_gradients("mm", [&](const Tensors& x) { return sparse::mm(places.with_values(x[0]), x[1]); },
                  {values({6}), values({4, 3}, 7)});
  check_gradients("mm, dense first",
                  [&](const Tensors& x) { return sparse::mm(x[1], places.with_values(x[0])); },
                  {values({6}), values({2, 5}, 7)});
  check_gradients("complex mm", [&](const Tensors& x) { return sparse::mm(places.with_values(x[0]), x[1]); },
                  {complex_values({6}), complex_values({4, 2}, 7)});
  check_gradients("complex sparse mm",
                  [&](const Tensors& x) {
                    return sparse::mm(places.with_values(x[0]), other.with_values(x[1])).to_dense();
                  },
                  {complex_values({6}), complex_values({6}, 9)});
  check_gradients("sampled_mm",
                  [&](const Tensors& x) { return sparse::sampled_mm(places, x[0], x[1]).values(); },
                  {values({5, 3}), values({3, 4}, 7)});
  check_gradients(
      "add",
      [&](const Tensors& x) {
        return square(sparse::add(places.with_values(x[0]), places.with_values(x[1]), 2.5).to_dense());
      },
      {values({6}), values({6}, 9)});
  check_gradients("add dense",
                  [&](const Tensors& x) { return square(sparse::add(x[1], places.with_values(x[0]), -2)); },
                  {values({6}), values({5, 4}, 9)});
  check_gradients("mask dense", [&](const Tensors& x) { return square(sparse::mask(x[0], places).values()); },
                  {values({5, 4})});
  check_gradients("to_sparse of dense", [](const Tensors& x) { return square(to_sparse(x[0]).values()); },
                  {values({3, 4})});
  const SparseTensor hybrid =
      sparse_coo_tensor(tensor({2, 0, 2}).reshape({1, 3}), values({3, 2}), Shape{3, 2});
  check_gradients("hybrid",
                  [&](const Tensors& x) {
                    const SparseTensor s = hybrid.with_values(x[0]);
                    return mul(sparse::softmax(s, 0).to_dense(), sparse::softmax(s, 1).to_dense());
                  },
                  {values({3, 2})});

  const SparseTensor leaf = example();
  leaf.requires_grad_();
  CHECK(leaf.requires_grad());
  CHECK(!leaf.grad().defined());
  sparse::sum(leaf).backward();
  CHECK(equal(leaf.grad().to_dense(),
              sparse_coo_tensor(leaf.indices(), ones({6}, float64), Shape{5, 4}).to_dense()));
  CHECK(!leaf.detach().requires_grad());
}

TEST_CASE("sparse tensors: softmax of entries that are not finite") {
  const double inf = std::numeric_limits<double>::infinity();
  const SparseTensor x = sparse_coo_tensor(tensor({0, 0, 1, 1, 0, 1, 0, 1}).reshape({2, 4}),
                                           tensor({-inf, 2.0, NAN, 1.0}), Shape{2, 2});
  const Tensor y = sparse::softmax(x, 1).to_dense();
  CHECK(equal(y[0], tensor({0.0, 1.0})));
  CHECK(isnan(y[1]).all().item<bool>());
}

}  // namespace
}  // namespace wick::test
