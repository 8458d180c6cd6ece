#include <thread>

#include "support.h"

// What changes a tensor in place: memory that source and target share, expanded targets, gradients.

namespace wick::test {
namespace {

Tensor counted(const Shape& shape) {
  return arange(0, static_cast<double>(numel(shape)), 1, float64).reshape(shape).contiguous();
}

using List = std::vector<double>;
List list(const Tensor& x) { return to_vector<double>(x); }

}  // namespace

TEST_CASE("in place: a source that overlaps the target is read as it was") {
  // Each change beside the same with a copy of the source.
  struct Case {
    const char* name;
    Shape shape;
    Tensor (*target)(const Tensor&);
    Tensor (*source)(const Tensor&);
  };
  const auto all = [](const Tensor& x) { return x; };
  const Case cases[] = {
      {"a row of itself", {300, 300}, all, [](const Tensor& x) { return x[0]; }},
      {"transposed", {300, 300}, all, [](const Tensor& x) { return x.t(); }},
      {"shifted on",
       {1000},
       [](const Tensor& x) { return x.slice(0, 1, 1000); },
       [](const Tensor& x) { return x.slice(0, 0, 999); }},
      {"shifted back",
       {1000},
       [](const Tensor& x) { return x.slice(0, 0, 999); },
       [](const Tensor& x) { return x.slice(0, 1, 1000); }},
      {"itself", {50}, all, all},
      {"one element", {50}, all, [](const Tensor& x) { return x[7]; }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Tensor added = counted(c.shape), expected = added.clone();
    add_into(c.target(expected), c.source(added).clone());
    add_into(c.target(added), c.source(added));
    CHECK(list(added) == list(expected));
    const Tensor copied = counted(c.shape), wanted = copied.clone();
    c.target(wanted).copy_(c.source(copied).clone());
    c.target(copied).copy_(c.source(copied));
    CHECK(list(copied) == list(wanted));
  }

  const Tensor z = counted({2, 3});
  gather_into(z, Tensors{z[1], z[0]});
  CHECK(list(z) == List{3, 4, 5, 0, 1, 2});

  // The same memory under another dtype, and under another storage.
  const Tensor complex = tensor({1, 2, 3, 4}, complex128);
  real(complex).copy_(imag(complex));
  CHECK(list(real(complex)) == List{0, 0, 0, 0});
  std::vector<double> memory{1, 2, 3, 4};
  const Tensor first = from_blob(memory.data(), {3}, float64),
               second = from_blob(memory.data() + 1, {3}, float64);
  second.copy_(first);
  CHECK(memory == List{1, 1, 2, 3});
}

TEST_CASE("in place: elements that share memory are not written to") {
  const Tensor base = zeros({1}), wide = base.expand({4});
  CHECK_THROWS_AS(wide.copy_(ones({4})), ShapeError);
  CHECK_THROWS_AS(wide.fill_(1), ShapeError);
  CHECK_THROWS_AS(add_into(wide, ones({4})), ShapeError);
  CHECK_THROWS_AS(gather_into(zeros({1, 2}).expand({3, 2}), Tensors{ones({2}), ones({2}), ones({2})}),
                  ShapeError);
  CHECK_THROWS_AS(empty_strided({3, 3}, {1, 1}, float32).fill_(1), ShapeError);
  CHECK(base.item().to_double() == 0);
  // Of one position, or of none, nothing is shared.
  CHECK_NOTHROW(base.expand({1, 1}).fill_(2));
  CHECK_NOTHROW(base.expand({0, 1}).fill_(3));
  CHECK_NOTHROW(zeros({3, 4, 5}).permute({2, 0, 1}).slice(0, 0, 5, 2).fill_(1));
  CHECK_NOTHROW(diagonal(zeros({4, 4})).fill_(1));
}

TEST_CASE("in place: the gradient of what is copied goes to the source") {
  const Tensor w = tensor({1, 2, 3}, float64).requires_grad_();
  const Tensor buffer = zeros({2, 3}, float32);
  buffer.copy_(w * w);
  CHECK(buffer.requires_grad());
  sum(buffer * 2).backward();
  CHECK(list(w.grad()) == List{8, 16, 24});

  // Where it would be lost, it is refused, and nothing is written.
  const Tensor base = zeros({2, 3}, float64);
  const Tensor view = base[0];
  CHECK_THROWS_AS(add_into(base, w), GradientError);
  CHECK_THROWS_AS(gather_into(base, Tensors{w, w}), GradientError);
  CHECK(list(base) == List(6, 0));
  {
    const NoGrad no_grad;
    view.copy_(w);
    add_into(base, w);
  }
  CHECK(list(base) == List{2, 4, 6, 1, 2, 3});
  CHECK(!base.requires_grad());
}

TEST_CASE("in place: what is not a variable takes the elements that it is assigned") {
  const Tensor x = zeros({3, 2});
  x[0] = tensor({1, 2}, float32);
  x.slice(0, 2, 3) = 7;
  x[1] = x[0];
  CHECK(list(x) == List{1, 2, 1, 2, 7, 7});
  Tensor y = x;
  y = ones({2});
  CHECK(list(x) == List{1, 2, 1, 2, 7, 7});
  CHECK(list(y) == List{1, 1});
}

TEST_CASE("in place: numbers that the dtype cannot hold") {
  CHECK_THROWS_AS(full({1}, 300, uint8), Error);
  CHECK_THROWS_AS(full({1}, -1, uint8), Error);
  CHECK_THROWS_AS(full({1}, std::nan(""), int64), Error);
  CHECK_THROWS_AS(full({1}, HUGE_VAL, int32), Error);
  CHECK_THROWS_AS(full_like(zeros({1}), 40000, int16), Error);
  CHECK_THROWS_AS(zeros({1}, int8).fill_(128), Error);
  CHECK_THROWS_AS(zeros({1}).fill_(std::complex<double>(0, 1)), Error);
  CHECK_THROWS_AS(pad(zeros({3}, uint8), {1, 1}, "constant", 256), Error);
  CHECK_NOTHROW(full({1}, 2.7, int64));
  CHECK_NOTHROW(full({1}, 17, boolean));
  CHECK_NOTHROW(full({1}, std::nan(""), float16));
}

TEST_CASE("in place: two threads go backward into one leaf") {
  const Tensor leaf = zeros({20000}, float64).requires_grad_();
  constexpr int threads = 4, rounds = 30;
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) sum(leaf * 1.0).backward();
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(list(leaf.grad()) == List(20000, threads * rounds));
}

TEST_CASE("in place: a gradient whose memory cannot be written is replaced by the sum") {
  static const float fixed[] = {1, 2};
  const Tensor x = ones({2}).requires_grad_(), y = ones({2}).requires_grad_();
  x.set_grad(from_blob(fixed, {2}));
  y.set_grad(ones({2}));
  add(sum(mul(x, 2)), sum(y)).backward();
  CHECK(identical(x.grad(), tensor({3.0, 4.0}, float32)));
  CHECK(identical(y.grad(), full({2}, 2)));
  sum(x).backward();
  CHECK(identical(x.grad(), tensor({4.0, 5.0}, float32)));
}

TEST_CASE("in place: a backward pass that fails leaves the gradients as they were") {
  const Tensor a = ones({2}, float64).requires_grad_(), b = ones({2}, float64).requires_grad_();
  const Tensor shared = ones({2}, float64);
  const Tensor out = add(sum(mul(a, shared)), sum(b));
  shared.fill_(2);
  CHECK_THROWS_AS(out.backward(), GradientError);
  CHECK(!a.grad().defined());
  CHECK(!b.grad().defined());
}

}  // namespace wick::test
