#include <cmath>

#include "gradcheck.h"

namespace wick::test {

TEST_CASE("split, chunk, unbind: views, gradients") {
  const Tensor x = arange(10, float64);
  const Tensors parts = split(x, 4);
  CHECK(parts.size() == 3);
  parts[2].fill_(7);
  CHECK(x[9].item<double>() == 7);
  CHECK(split(x, {3, 7})[1].size(0) == 7);
  CHECK(chunk(x, 4).size() == 4);
  CHECK(chunk(arange(5), 4).size() == 3);
  CHECK(unbind(x).size() == 10);
  check_gradients("split", [](const Tensors& in) { return square(split(in[0], 2, 1)[1]); }, {values({2, 5})});
  check_gradients("unbind", [](const Tensors& in) { return square(unbind(in[0], 1)[2]); }, {values({2, 5})});
  CHECK_THROWS_AS(split(x, 0), ShapeError);
  CHECK_THROWS_AS(split(x, {3, 3}), ShapeError);
  CHECK_THROWS_AS(split(x, {INT64_MAX, INT64_MAX, 12}), ShapeError);
  CHECK(split(x, INT64_MAX).size() == 1);
  CHECK_THROWS_AS(split(ones({}), 1), ShapeError);
  CHECK_THROWS_AS(unbind(x, 1), IndexError);
}

TEST_CASE("repeat_interleave, tile, take: gradients, errors") {
  const Tensor counts = tensor({2, 0, 1});
  for (const Tensor& x : orders(values({2, 3}))) {
    check_gradients("repeat_interleave",
                    [](const Tensors& in) { return square(repeat_interleave(in[0], 2, 0)); }, {x});
    check_gradients("repeat_interleave of each",
                    [=](const Tensors& in) { return square(repeat_interleave(in[0], counts, 1)); }, {x});
    check_gradients("tile", [](const Tensors& in) { return square(tile(in[0], {2, 1, 2})); }, {x});
    check_gradients("take", [](const Tensors& in) { return square(take(in[0], tensor({1, -1, 1}))); }, {x});
  }
  CHECK(equal(repeat_interleave(counts), tensor({0, 0, 2})));
  CHECK(equal(repeat_interleave(tensor({4, 5}), 2), tensor({4, 4, 5, 5})));
  CHECK(equal(repeat_interleave(tensor({4, 5}), tensor({2})), tensor({4, 4, 5, 5})));
  // One count for all needs no more memory than the result: here there is none.
  CHECK(repeat_interleave(zeros({3, 0}), full({1}, INT64_MAX / 4, int64), 0).numel() == 0);
  CHECK(equal(repeat_interleave(tensor({4}), tensor({3}, int32)), tensor({4, 4, 4})));
  CHECK_THROWS_AS(repeat_interleave(tensor({4, 5}), tensor({-1})), Error);
  CHECK_THROWS_AS(repeat_interleave(tensor({4, 5}), tensor({2.0})), DTypeError);
  CHECK_THROWS_AS(repeat_interleave(tensor({4, 5}), tensor({2}).reshape({1, 1})), ShapeError);
  CHECK_THROWS_AS(repeat_interleave(tensor({4, 5}), -1), Error);
  CHECK_THROWS_AS(repeat_interleave(tensor({4, 5}), tensor({1, -1})), Error);
  CHECK_THROWS_AS(repeat_interleave(tensor({4, 5}), counts), ShapeError);
  CHECK_THROWS_AS(repeat_interleave(tensor({4, 5}), tensor({1.0, 1.0})), DTypeError);
  CHECK_THROWS_AS(repeat_interleave(tensor({4, 5}), INT64_MAX), Error);
  CHECK_THROWS_WITH_AS(take(tensor({4, 5}), tensor({0, 2})), doctest::Contains("take: index 2"), IndexError);
  CHECK_THROWS_WITH_AS(take(tensor({4, 5}), tensor({-3})), doctest::Contains("take: index -3"), IndexError);
  CHECK(equal(take(arange(6, int64).reshape({2, 3}).t(), tensor({1, -1, 3, 0}).reshape({2, 2})),
              tensor({3, 5, 4, 0}).reshape({2, 2})));
  CHECK_THROWS_AS(take(tensor({4, 5}), tensor({true, false})), DTypeError);
}

TEST_CASE("trapezoid: ends of the range, gradients, errors") {
  CHECK(trapezoid(tensor({3e38, 3e38})).item<double>() == static_cast<double>(3e38f));
  CHECK(trapezoid(tensor({HUGE_VAL, 1.0, 2.0})).item<double>() == HUGE_VAL);
  CHECK(trapezoid(tensor({1, 2, 3})).item<double>() == 4);
  CHECK(trapezoid(ones({3, 0})).sizes() == Shape{3});
  for (const std::int64_t dim : {0, 1}) {
    for (const Tensor& y : orders(values({3, 3}))) {
      check_gradients("trapezoid", [=](const Tensors& in) { return square(trapezoid(in[0], 0.5, dim)); },
                      {y});
      check_gradients("trapezoid of places",
                      [=](const Tensors& in) { return square(trapezoid(in[0], in[1], dim)); },
                      {y, values({3}, 20)});
      check_gradients("cumulative_trapezoid",
                      [=](const Tensors& in) { return square(cumulative_trapezoid(in[0], in[1], dim)); },
                      {y, values({3, 3}, 20)});
    }
  }
  CHECK_THROWS_AS(trapezoid(ones({})), ShapeError);
  CHECK_THROWS_AS(trapezoid(ones({3}), ones({2})), ShapeError);
  CHECK_THROWS_AS(trapezoid(ones({3}), ones({3}), 1), IndexError);
}

TEST_CASE("vander, tril_indices, triu_indices, addmm, mm: gradients, errors") {
  check_gradients("vander", [](const Tensors& in) { return vander(in[0], 4); }, {values({3})});
  check_gradients("vander, rising", [](const Tensors& in) { return vander(in[0], 3, true); }, {values({3})});
  CHECK_THROWS_AS(vander(ones({2, 2})), ShapeError);
  CHECK_THROWS_AS(vander(ones({2}), -1), ShapeError);
  CHECK_THROWS_AS(tril_indices(-1, 2), ShapeError);
  CHECK_THROWS_AS(triu_indices(2, 2, 0, float32), DTypeError);
  CHECK(tril_indices(3, 3, INT64_MAX).size(1) == 9);
  CHECK(triu_indices(3, 3, INT64_MAX).size(1) == 0);
  check_gradients("addmm", [](const Tensors& in) { return addmm(in[0], in[1], in[2], 2, -0.5); },
                  {values({4}), values({2, 3}, 9), values({3, 4}, 31)});
  check_gradients("addmm without input", [](const Tensors& in) { return addmm(in[0], in[0], in[1], 0); },
                  {values({3, 3}), values({3, 3}, 9)});
  CHECK(equal(addmm(full({2}, std::nan("")), ones({2, 2}), ones({2, 2}), 0), full({2, 2}, 2)));
  CHECK_THROWS_AS(addmm(ones({3}), ones({2, 2}), ones({2, 2})), ShapeError);
  CHECK_THROWS_AS(addmm(ones({2}, float64), ones({2, 2}), ones({2, 2})), DTypeError);
  CHECK_THROWS_AS(addmm(ones({2}, int64), ones({2, 2}, int64), ones({2, 2}, int64), 0.5), DTypeError);
  CHECK_THROWS_AS(mm(ones({2}), ones({2, 2})), ShapeError);
}

TEST_CASE("searchsorted, bucketize: numbers, dtypes, sides, errors") {
  const Tensor line = tensor({1, 3, 5});
  CHECK(searchsorted(line, 3.5).item<std::int64_t>() == 2);
  CHECK(searchsorted(line, 3, false, true).item<std::int64_t>() == 2);
  CHECK(searchsorted(line, 3, false, false, "right").item<std::int64_t>() == 2);
  CHECK(equal(searchsorted(line, tensor({2.0, 5.0}), true), tensor({1, 2}, int32)));
  CHECK(equal(bucketize(tensor({0.5, 9.0}, float16), line), tensor({0, 3})));
  // Digits that float32 does not have.
  CHECK(searchsorted(tensor({16777216, 16777217, 16777218}), tensor({16777217.0}, float64))[0].item<int>() ==
        1);
  CHECK(searchsorted(zeros({0}), tensor({1.0}))[0].item<int>() == 0);
  CHECK(searchsorted(line, ones({2, 0})).sizes() == Shape{2, 0});
  CHECK(equal(searchsorted(tensor({5, 1, 3}), tensor({3}), false, false, "right", tensor({1, 2, 0})),
              tensor({2})));
  CHECK_THROWS_AS(searchsorted(line, 3, false, true, "left"), Error);
  CHECK_THROWS_AS(searchsorted(line, 3, false, false, "middle"), Error);
  CHECK_THROWS_AS(searchsorted(line, 3, false, false, "left", tensor({0})), ShapeError);
  CHECK_THROWS_AS(searchsorted(line, 3, false, false, "left", tensor({0, 1, 3})), IndexError);
  CHECK_THROWS_AS(searchsorted(ones({2, 3}), ones({3, 2})), ShapeError);
  CHECK_THROWS_AS(searchsorted(ones({2}, complex64), 1), DTypeError);
  CHECK_THROWS_AS(bucketize(3, ones({2, 3})), ShapeError);
}

TEST_CASE("cdist: near points far away, gradients, errors") {
  const Tensor far = full({2, 3}, 1e6) + tensor({0.0, 0.0, 0.0, 0.0, 0.5, 0.0}).reshape({2, 3});
  CHECK(equal(cdist(far, far), tensor({0.0, 0.5, 0.5, 0.0}).reshape({2, 2})));
  CHECK(cdist(ones({2, 3}, float16), zeros({1, 3}, float16)).dtype() == float16);
  CHECK(std::isnan(cdist(full({1, 2}, std::nan("")), zeros({1, 2}), HUGE_VAL).item<double>()));
  // Columns gathered in pieces, tails of rows.
  const Tensor a = values({5, 700}), b = values({19, 700}, 5);
  for (const double p : {0.0, 1.0, 2.0, 3.0, HUGE_VAL}) {
    const Tensor wanted = norm(sub(a.unsqueeze(1), b.unsqueeze(0)), p, {-1});
    CHECK(allclose(cdist(a, b, p), wanted, 1e-12, 0));
    CHECK(allclose(cdist(a.t().contiguous().t(), b, p), wanted, 1e-12, 0));
  }
  for (const double p : {1.0, 2.0, 3.0}) {
    check_gradients("cdist", [=](const Tensors& in) { return cdist(in[0], in[1], p); },
                    {values({2, 3, 2}), values({4, 2}, 37)});
  }
  // Batches of small matrices, in any order of memory and broadcast; pieces end within an entry.
  for (const Tensor& x : orders(values({700, 5, 3}))) {
    for (const Tensor& y : {values({700, 9, 3}, 5), values({9, 3}, 5)}) {
      for (const double p : {1.0, 2.0}) {
        const Tensor wanted = norm(sub(x.unsqueeze(-2), y.unsqueeze(-3)), p, {-1});
        CHECK(allclose(cdist(x, y, p), wanted, 1e-12, 0));
      }
    }
  }
  CHECK(cdist(ones({0, 4, 3}), ones({0, 2, 3})).sizes() == Shape{0, 4, 2});
  CHECK(cdist(ones({2, 0, 3}), ones({2, 2, 3})).sizes() == Shape{2, 0, 2});
  CHECK(cdist(ones({2, 4, 3}), ones({2, 0, 3})).sizes() == Shape{2, 4, 0});
  CHECK(equal(cdist(ones({2, 4, 0}), ones({2, 1, 0})), zeros({2, 4, 1})));
  const Tensor x = ones({2, 3}).requires_grad_();
  sum(cdist(x, ones({1, 3}))).backward();
  CHECK(equal(x.grad(), zeros({2, 3})));
  CHECK_THROWS_AS(cdist(ones({3}), ones({2, 3})), ShapeError);
  CHECK_THROWS_AS(cdist(ones({2, 3}), ones({2, 3}, float64)), DTypeError);
  CHECK_THROWS_AS(cdist(ones({2, 3}, int64), ones({2, 3}, int64)), DTypeError);
  CHECK_THROWS_AS(cdist(ones({2, 3}), ones({2, 3}), -1), Error);
}

TEST_CASE("members: the functions of the same names") {
  const Tensor x = values({3, 4}), y = values({3, 4}, 17), mask = x > 0;
  CHECK(equal(x.add(y, 2), add(x, y, 2)));
  CHECK(equal(x.add(3, 2), x + 6));
  CHECK(equal(x.sub(1), x - 1));
  CHECK(equal(x.mul(y).div(2), x * y / 2));
  CHECK(equal(x.abs().pow(2), pow(abs(x), 2)));
  CHECK(equal(x.maximum(y).minimum(1), minimum(maximum(x, y), 1)));
  CHECK(equal(x.gt(0), mask));
  CHECK(equal(x.clamp(-1, 1), clamp(x, -1, 1)));
  CHECK(equal(x.exp().log(), log(exp(x))));
  CHECK(x.equal(x));
  CHECK(x.allclose(x + 1e-12));
  CHECK(equal(x.sum(), sum(x)));
  CHECK(equal(x.sum(0, true), sum(x, 0, true)));
  CHECK(equal(x.sum({}, false, float32), sum(x, float32)));
  CHECK(equal(x.mean(1).std(), std(mean(x, 1))));
  CHECK(equal(x.var({0, 1}, false), var(x, false)));
  CHECK(equal(x.norm(), norm(x)));
  CHECK(equal(x.norm(1, 0), norm(x, 1, 0)));
  CHECK(equal(x.max(), max(x)));
  CHECK(equal(x.max(1).indices, x.argmax(1)));
  CHECK(equal(x.argmin(), argmin(x)));
  CHECK(equal(mask.any(0), any(mask, 0)));
  CHECK(equal(x.softmax(1).sum(1), sum(softmax(x, 1), 1)));
  CHECK(equal(x.cumsum(0), cumsum(x, 0)));
  CHECK(equal(x.sort(0, true).values, sort(x, 0, true).values));
  CHECK(equal(x.topk(2).values, topk(x, 2).values));
  CHECK(equal(x.mm(y.t()), matmul(x, y.t())));
  CHECK(equal(x.view({4, 3}).movedim(0, 1), x.reshape({4, 3}).t()));
  CHECK(equal(x.narrow(1, 1, 2).flip(0), flip(narrow(x, 1, 1, 2), {0})));
  CHECK(x.split(2).size() == 2);
  CHECK(x.chunk(3, 1).size() == 2);
  CHECK(equal(x.unbind()[1], x[1]));
  CHECK(equal(x.masked_fill(mask, 0).masked_select(mask),
              zeros({count_nonzero(mask).item<std::int64_t>()}, float64)));
  CHECK(equal(x.index_select(0, tensor({2})), x.slice(0, 2, 3)));
}

}  // namespace wick::test
