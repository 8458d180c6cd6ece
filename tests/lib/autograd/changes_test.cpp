// Changes in place that are recorded: each against the same computation without any.

#include "gradcheck.h"

namespace wick::test {
namespace {

using List = std::vector<double>;
List list(const Tensor& x) { return to_vector<double>(x); }

Tensor leaf(const Shape& shape, std::int64_t from = 0) {
  return values(shape, from).clone().requires_grad_();
}

}  // namespace

TEST_CASE("changes: operations in place differentiate as their relatives do") {
  const auto check = [](const char* what, Tensor (*f)(const Tensor&, const Tensor&)) {
    check_gradients(what, [f](const Tensors& in) { return f(in[0], in[1]); },
                    {positive({3, 4}), positive({4}, 40)});
  };
  // clang-format off
  check("add_", [](const Tensor& x, const Tensor& y) { return (x * 2).add_(y); });
  check("add_ alpha", [](const Tensor& x, const Tensor& y) { return (x * 2).add_(y, 3); });
  check("sub_", [](const Tensor& x, const Tensor& y) { return (x * 2).sub_(y); });
  check("mul_", [](const Tensor& x, const Tensor& y) { return (x * 2).mul_(y); });
  check("div_", [](const Tensor& x, const Tensor& y) { return (x * 2).div_(y); });
  check("pow_", [](const Tensor& x, const Tensor& y) { return (x * 2).pow_(y); });
  check("copy_", [](const Tensor& x, const Tensor& y) { return (x * 2).copy_(y) * x; });
  check("fill_", [](const Tensor& x, const Tensor& y) { return (x * 2).fill_(3) * y * x; });
  check("unary", [](const Tensor& x, const Tensor& y) { return (x * y).exp_().neg_().abs_().sqrt_().log_(); });
  check("activations", [](const Tensor& x, const Tensor& y) { return (x * y).sigmoid_().square_().tanh_().relu_().reciprocal_(); });
  check("clamp_", [](const Tensor& x, const Tensor& y) { return (x * y).clamp_(0.5, 2); });
  check("operators", [](const Tensor& x, const Tensor& y) {
    const Tensor z = x * 1;
    z += y;
    z *= z * 0.5;
    z -= 1;
    z /= y;
    return z;
  });
  // clang-format on
}

TEST_CASE("changes: through a view, the root and all other views depend on them") {
  const auto check = [](const char* what, Tensor (*f)(const Tensor&, const Tensor&)) {
    check_gradients(what, [f](const Tensors& in) { return f(in[0], in[1]); },
                    {values({3, 4}), values({4}, 40)});
  };
  check("into a row", [](const Tensor& x, const Tensor& y) {
    const Tensor z = x * x;
    z[1] = y * y;
    return z * x;
  });
  check("a row times a vector", [](const Tensor& x, const Tensor& y) {
    const Tensor z = x * 2;
    z[1] *= y;
    z[1] *= y;
    return z;
  });
  check("a view of a view", [](const Tensor& x, const Tensor& y) {
    const Tensor z = x * 2;
    z.t()[2].slice(0, 1, 3) = y.slice(0, 0, 2);
    z.t()[1].slice(0, 1, 3) *= 3;
    return z * z;
  });
  check("seen by a view made before", [](const Tensor& x, const Tensor& y) {
    const Tensor z = x * 2;
    const Tensor before = z.t(), part = z.slice(1, 1, 3);
    z[0] = y;
    return before * part.select(0, 0).select(0, 1);
  });
  check("seen by an expanded view", [](const Tensor& x, const Tensor& y) {
    const Tensor z = (x * 2).contiguous();
    const Tensor column = z.slice(1, 2, 3), wide = column.expand({3, 4});
    z.slice(1, 2, 3) *= y.slice(0, 1, 2);
    return wide * x;
  });
  check("into zeros that ask for nothing", [](const Tensor& x, const Tensor& y) {
    const Tensor out = zeros({5, 4}, float64);
    for (int i = 0; i < 3; ++i) out[i] = x[i] * y;
    out[4] = out[0] + out[1];
    return out;
  });
  check("by positions and masks", [](const Tensor& x, const Tensor& y) {
    const Tensor z = x * 2;
    z[{Ellipsis, tensor({0, 2}, int64)}] = y[{Slice(0, 2)}];
    z[{z > 1}] *= 2;
    z[{tensor({0, 2, 0}, int64), 1}] += 5;
    return z;
  });
  check("a filled part", [](const Tensor& x, const Tensor& y) {
    const Tensor z = x * y;
    z.slice(1, 1, 3).fill_(0);
    return z * x;
  });
  check("a masked part", [](const Tensor& x, const Tensor& y) {
    const Tensor z = x * y;
    z.masked_fill_(x > 0, y[0]);
    return z * x;
  });
}

TEST_CASE("changes: operands may share memory with what is changed") {
  const auto check = [](const char* what, void (*change)(const Tensor&)) {
    check_gradients(what,
                    [change](const Tensors& in) {
                      const Tensor z = in[0] * 0.5;
                      change(z);
                      return z;
                    },
                    {positive({3, 4})});
  };
  check("itself", [](const Tensor& z) { z *= z; });
  check("a row", [](const Tensor& z) { z /= z[0]; });
  check("a part", [](const Tensor& z) { z.pow_(z[1].slice(0, 0, 1)); });
  check("scaled", [](const Tensor& z) {
    z.add_(z, 0.5);
    z.sub_(z[0], 0.25);
  });
  const Tensor wide = zeros({2}, float64).expand({3, 2}).detach();
  CHECK_THROWS_AS(wide[0].copy_(leaf({2})), ShapeError);
}

TEST_CASE("changes: of the real part of complex numbers") {
  check_gradients("real",
                  [](const Tensors& in) {
                    const Tensor z = in[0] * in[0];
                    real(z) *= in[1];
                    imag(z)[0] = in[1][1];
                    return z;
                  },
                  {complex_values({3, 4}), values({3, 4}, 7)});
}

TEST_CASE("changes: roots in any memory order") {
  for (const Tensor& order : orders(values({3, 4}))) {
    check_gradients("row",
                    [](const Tensors& in) {
                      const Tensor z = in[0].clone();
                      z[1] *= in[1];
                      return z * z;
                    },
                    {order, values({4}, 40)});
  }
}

TEST_CASE("changes: in a loop, as recurrent nets are written") {
  const Tensor w = leaf({3, 3}), x = values({4, 3}, 20);
  const Tensor out = zeros({4, 3}, float64);
  Tensor h = zeros({1, 3}, float64), plain = zeros({1, 3}, float64);
  Tensors all;
  for (int i = 0; i < 4; ++i) {
    h = matmul(h, w);
    h += x[i];
    h.tanh_();
    out[i] = h[0];
    plain = tanh(matmul(plain, w) + x[i]);
    all.push_back(plain);
  }
  CHECK(allclose(out.detach(), cat(all, 0).detach()));
  const Tensor direct = grad({sum(square(cat(all, 0)))}, {w})[0];
  CHECK(allclose(grad({sum(square(out))}, {w})[0], direct, 1e-12, 1e-12));
}

TEST_CASE("changes: what cannot be recorded is refused, and nothing is written") {
  const Tensor x = leaf({2, 2});
  const List before = list(x.detach());
  CHECK_THROWS_AS(x.add_(1), GradientError);
  CHECK_THROWS_AS(x[0].mul_(2), GradientError);
  CHECK_THROWS_AS(x.t()[1].fill_(2), GradientError);
  CHECK_THROWS_AS(x[0] = ones({2}, float64), GradientError);
  CHECK(list(x.detach()) == before);
  const Tensor y = x * 2;
  CHECK_THROWS_AS(y[0].expand({3, 2}).add_(1), ShapeError);
  CHECK_THROWS_AS(y.add_(ones({3, 2, 2}, float64)), ShapeError);
  CHECK_THROWS_AS(y[0].add_(ones({2}, complex128)), DTypeError);
  CHECK_THROWS_AS(ones({2}, int64).add_(0.5), DTypeError);
  CHECK_THROWS_AS(ones({2}, int64).div_(2), DTypeError);
  CHECK_THROWS_AS(ones({2}, boolean).add_(1), DTypeError);
  CHECK_THROWS_AS(ones({2}, int64).exp_(), DTypeError);
  CHECK_THROWS_AS(ones({2}, boolean).neg_(), DTypeError);
  CHECK(list(y.detach()) == list((x * 2).detach()));

  // Recording off: written, and no history.
  {
    const NoGrad no_grad;
    x[0].mul_(2);
    CHECK(x.is_leaf());
  }
  CHECK(x.requires_grad());
  CHECK(list(x[0].detach())[0] == 2 * before[0]);
}

TEST_CASE("changes: what was saved before must not have changed") {
  const Tensor x = leaf({3});
  const Tensor y = x * 2, z = y * y;
  y.add_(1);
  CHECK_THROWS_AS(sum(z).backward(), GradientError);
  const Tensor u = x * 2, v = u + 1;  // saves nothing
  u.add_(1);
  CHECK_NOTHROW(sum(v).backward());
  const Tensor e = exp(x);
  e[0] += 1;
  CHECK_THROWS_AS(sum(e).backward(), GradientError);
  const Tensor detached = (x * 2).detach();
  detached.mul_(3);
  CHECK(!detached.requires_grad());
}

TEST_CASE("changes: a history that the new elements do not need is zero, and ends with them") {
  const Tensor x = leaf({3});
  const Tensor y = x * x;
  y.fill_(2);
  CHECK(list(grad({sum(y)}, {x})[0]) == List{0, 0, 0});
  const Tensor view = y[0];
  CHECK(view.requires_grad());
  const Tensor plain = zeros({2, 3}, float64), row = plain[0];
  CHECK(!row.requires_grad());
  plain[0] = x * 3;
  CHECK(plain.requires_grad());
  CHECK(row.requires_grad());
  CHECK(!row.is_leaf());
  CHECK(list(grad({sum(row * row)}, {x})[0]) == list((x * 18).detach()));
}

TEST_CASE("changes: a view that asks for gradients of its own is a leaf on its own") {
  const Tensor base = zeros({2, 3}, float64);
  const Tensor row = base[0].requires_grad_();
  CHECK(row.is_leaf());
  base[1] = ones({3}, float64).requires_grad_() * 2;
  CHECK(row.is_leaf());
  CHECK_THROWS_AS(row.add_(1), GradientError);
}

TEST_CASE("changes: tensors that are made of themselves are freed") {
  const auto before = allocator::statistics().used;
  {
    const Tensor w = leaf({1000});
    const Tensor h = zeros({1000}, float64), rows = zeros({4, 1000}, float64);
    for (int i = 0; i < 4; ++i) {
      h.copy_(h * w);
      h.add_(h * w);
      rows[i] = h * w;
      rows[i] *= rows[(i + 1) % 4];
    }
  }
  CHECK(allocator::statistics().used == before);
}

}  // namespace wick::test
