#include <type_traits>

#include "wick/autograd/node.h"

#include "support.h"

namespace wick::test {

using List = std::vector<double>;

TEST_CASE("tensor: what it tells of itself") {
  const Tensor x = zeros({2, 3, 4}, int16);
  CHECK(x.defined());
  CHECK(x.dim() == 3);
  CHECK(x.numel() == 24);
  CHECK(x.sizes() == Shape{2, 3, 4});
  CHECK(x.size(0) == 2);
  CHECK(x.size(-1) == 4);
  CHECK(x.strides() == Strides{12, 4, 1});
  CHECK(x.stride(-2) == 4);
  CHECK(x.dtype() == int16);
  CHECK(x.itemsize() == 2);
  CHECK(x.is_contiguous());
  CHECK_THROWS_AS(x.size(3), IndexError);
  CHECK_THROWS_AS(x.size(-4), IndexError);
  CHECK_THROWS_AS(x.stride(3), IndexError);
  CHECK_FALSE(Tensor().defined());
}

TEST_CASE("tensor: a 0-d tensor has no dimension to ask for") {
  const Tensor x = zeros({});
  CHECK(x.numel() == 1);
  CHECK_THROWS_AS(x.size(0), IndexError);
  CHECK_THROWS_AS(x.size(-1), IndexError);
  CHECK_THROWS_AS(x.stride(0), IndexError);
}

TEST_CASE("tensor: copies share, clones do not") {
  const Tensor x = tensor({1, 2, 3}, float32);
  const Tensor same = x, other = x.clone();
  CHECK(same.is_same(x));
  CHECK_FALSE(other.is_same(x));
  CHECK_FALSE(x.detach().is_same(x));
  x.fill_(7);
  CHECK(to_vector<double>(same) == List{7, 7, 7});
  CHECK(to_vector<double>(other) == List{1, 2, 3});
}

TEST_CASE("tensor: typed access to the elements") {
  const Tensor x = tensor({1, 2}, float64);
  x.data<double>()[1] = 5;
  CHECK(x[1].item().to_double() == 5);
  CHECK_THROWS_AS(x.data<float>(), DTypeError);
  CHECK_THROWS_AS(x.data<std::int64_t>(), DTypeError);
  CHECK(x.select(0, 1).data<double>() == x.data<double>() + 1);
}

TEST_CASE("tensor: its only element as a number") {
  for (const DType dtype : all_dtypes) {
    const Scalar one = full({1, 1}, 1, dtype).item();
    CHECK(one.kind() == kind(dtype));
    CHECK(one.to_complex() == std::complex<double>(1, 0));
  }
  CHECK(full({}, INT64_MAX, int64).item().to_int() == INT64_MAX);
  CHECK(full({}, std::complex<double>(1, -2), complex64).item().to_complex() == std::complex<double>(1, -2));
  CHECK_THROWS_AS(zeros({2}).item(), ShapeError);
  CHECK_THROWS_AS(zeros({0}).item(), ShapeError);
}

TEST_CASE("tensor: to() gives back a tensor that has the dtype already") {
  const Tensor x = ones({2});
  CHECK(x.to(float32).is_same(x));
  CHECK_FALSE(x.to(float64).is_same(x));
}

TEST_CASE("tensor: copy_ broadcasts and converts, into any layout") {
  for (const DType to : all_dtypes) {
    for (const DType from : all_dtypes) {
      const Tensor target = zeros({3, 4}, to).t();
      const Tensor source = filled({4, 1}, from, [](std::int64_t i) { return static_cast<double>(i % 2); });
      target.copy_(source);
      each_index({4, 3}, [&](const Dims& at) {
        CHECK(target[at[0]][at[1]].item().to_complex() ==
              std::complex<double>(static_cast<double>(at[0] % 2), 0));
      });
    }
  }
  CHECK_THROWS_AS(zeros({2}).copy_(zeros({3})), ShapeError);
  CHECK_THROWS_AS(zeros({2}).copy_(zeros({1, 2})), ShapeError);
  CHECK_NOTHROW(zeros({0}).copy_(zeros({1})));
}

TEST_CASE("tensor: copy_ between overlapping views of one storage") {
  const auto counting = [] { return arange(10, float64); };
  Tensor x = counting();
  x.slice(0, 1, 10).copy_(x.slice(0, 0, 9));
  CHECK(to_vector<double>(x) == List{0, 0, 1, 2, 3, 4, 5, 6, 7, 8});
  x = counting();
  x.slice(0, 0, 9).copy_(x.slice(0, 1, 10));
  CHECK(to_vector<double>(x) == List{1, 2, 3, 4, 5, 6, 7, 8, 9, 9});
  x = arange(4, float64).reshape({2, 2});
  x.copy_(x.t());
  CHECK(to_vector<double>(x) == List{0, 2, 1, 3});
  x.copy_(x);
  CHECK(to_vector<double>(x) == List{0, 2, 1, 3});
  x.copy_(x[0]);
  CHECK(to_vector<double>(x) == List{0, 2, 0, 2});
}

TEST_CASE("tensor: filling") {
  for (const DType dtype : all_dtypes) {
    const Tensor x = zeros({5, 7}, dtype);
    x.slice(0, 1, 5, 2).t().slice(0, 0, 7, 3).fill_(1);
    each_index(x.sizes(), [&](const Dims& at) {
      CHECK(x[at[0]][at[1]].item().to_double() == (at[0] % 2 == 1 && at[1] % 3 == 0 ? 1 : 0));
    });
  }
  CHECK_NOTHROW(zeros({0}).fill_(1));
  CHECK(zeros({}).fill_(2.5).item().to_double() == 2.5);
}

TEST_CASE("tensor: clones keep a dense memory order") {
  const Tensor turned = permuted(float32, [](std::int64_t i) { return static_cast<double>(i); });
  CHECK(turned.clone().strides() == turned.strides());
  CHECK(turned.contiguous().is_contiguous());
  CHECK(identical(turned.clone(), turned));
  CHECK(identical(turned.contiguous(), turned));
  CHECK(turned.contiguous().contiguous().storage() != turned.storage());
  const Tensor dense = ones({2, 3});
  CHECK(dense.contiguous().is_same(dense));
  CHECK(ones({3}).expand({2, 3}).clone().storage()->bytes() >= 24);
}

TEST_CASE("tensor: empty_strided and make_view") {
  const Tensor x = empty_strided({2, 3}, {1, 2}, float32);
  CHECK_FALSE(x.is_contiguous());
  CHECK(x.storage()->bytes() == 24);
  const Tensor base = arange(9, int64);
  CHECK(to_vector<std::int64_t>(make_view(base, {3}, {4}, base.raw_data())) ==
        std::vector<std::int64_t>{0, 4, 8});
}

TEST_CASE("tensor: moved and assigned") {
  static_assert(std::is_nothrow_move_constructible_v<Tensor>);
  Tensor x = ones({2});
  const Tensor y = std::move(x);
  CHECK_FALSE(x.defined());
  x = y;
  CHECK(x.is_same(y));
  x = Tensor();
  CHECK(y.defined());
}

TEST_CASE("tensor: any use of an undefined one is an error") {
  const Tensor none, x = ones({2});
  const std::function<void()> uses[] = {
      [&] { none.dim(); },
      [&] { none.sizes(); },
      [&] { none.numel(); },
      [&] { none.dtype(); },
      [&] { none.item(); },
      [&] { none.raw_data(); },
      [&] { none.requires_grad(); },
      [&] { none.is_leaf(); },
      [&] { none.grad(); },
      [&] { none.set_grad(x); },
      [&] { none.backward(); },
      [&] { none.clone(); },
      [&] { none.contiguous(); },
      [&] { none.detach(); },
      [&] { none.to(float64); },
      [&] { none.fill_(1); },
      [&] { none.copy_(x); },
      [&] { x.copy_(none); },
      [&] { add_into(x, none); },
      [&] { none[0]; },
      [&] { none.reshape({1}); },
      [&] { exp(none); },
      [&] { add(x, none); },
      [&] { add(none, x); },
      [&] { mul(none, 2); },
      [&] { where(none, x, x); },
      [&] { sum(none); },
      [&] { max(none, 0); },
      [&] { sort(none, 0); },
      [&] { gather(x, 0, none); },
      [&] {
        stack({x, none});
      },
      [&] {
        cat({none, x});
      },
      [&] { matmul(x, none); },
      [&] { linalg::inv(none); },
      [&] { softmax(none, 0); },
      [&] { record("test", x, {none}, [](const Tensor& g) { return g; }); },
  };
  for (std::size_t i = 0; i < std::size(uses); ++i) CHECK_THROWS_AS_MESSAGE(uses[i](), Error, "use " << i);
}

TEST_CASE("tensor: views and strides stay within the memory") {
  CHECK_THROWS_AS(empty_strided({1000, 1000}, {100000, 1}, float32), ShapeError);
  CHECK_THROWS_AS(empty_strided({2, 3}, {-3, 1}, float32), ShapeError);
  CHECK_THROWS_AS(empty_strided({2, 3}, {1}, float32), ShapeError);
  const Tensor x = zeros({4});
  CHECK_THROWS_AS(make_view(x, {5}, {1}, x.raw_data()), ShapeError);
  CHECK_THROWS_AS(make_view(x, {2}, {INT64_MAX}, x.raw_data()), ShapeError);
  CHECK_THROWS_AS(make_view(x, {2}, {-1}, x.raw_data()), ShapeError);
  CHECK_THROWS_AS(make_view(x, {1}, {1}, x.raw_data() - 4), ShapeError);
  CHECK_NOTHROW(make_view(x, {4}, {-1}, x.raw_data() + 12));
  CHECK_NOTHROW(make_view(x, {0, 9}, {1, 1}, x.raw_data()));
  CHECK_NOTHROW(make_view(x, {7, 7}, {0, 0}, x.raw_data()));
}

TEST_CASE("tensor: the sizes of a temporary live on") {
  std::int64_t product = 1;
  for (const auto size : zeros({2, 3}).sizes()) product *= size;
  for (const auto stride : zeros({2, 3}).strides()) product *= stride;
  CHECK(product == 18);
}

TEST_CASE("scalar: pointers are none, and numbers stay what they are") {
  static_assert(!std::is_convertible_v<const char*, Scalar>);
  static_assert(!std::is_convertible_v<float*, Scalar>);
  static_assert(!std::is_convertible_v<std::nullptr_t, Scalar>);
  static_assert(std::is_convertible_v<std::vector<bool>::reference, bool>);
  CHECK(Scalar(true).kind() == Kind::Bool);
  CHECK(Scalar(std::uint64_t{INT64_MAX}).to_int() == INT64_MAX);
  CHECK_THROWS_AS(Scalar(18446744073709551615ull), Error);
  static_assert(!std::is_constructible_v<Shape, int, int>);
}

TEST_CASE("tensor: a gradient has the shape and dtype of its tensor") {
  const Tensor x = zeros({2}).requires_grad_();
  CHECK_THROWS_AS(x.set_grad(zeros({3})), ShapeError);
  CHECK_THROWS_AS(x.set_grad(zeros({2}, float64)), DTypeError);
  x.set_grad(ones({2}));
  x.set_grad(Tensor());
  CHECK(!x.grad().defined());
}

}  // namespace wick::test
