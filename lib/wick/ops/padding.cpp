#include "wick/ops/padding.h"

#include <algorithm>
#include <vector>

#include "wick/autograd/node.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/loop.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

enum class Mode { Constant, Reflect, Replicate, Circular };

struct Name {
  std::string_view name;
  Mode mode;
};
constexpr Name modes[] = {{"constant", Mode::Constant},
                          {"reflect", Mode::Reflect},
                          {"replicate", Mode::Replicate},
                          {"circular", Mode::Circular}};

Mode mode_by_name(std::string_view word) {
  for (const Name& m : modes) {
    if (m.name == word) return m.mode;
  }
  throw Error("pad: the mode must be constant, reflect, replicate or circular, " + std::string(word) +
              " was given");
}

// One padded dimension. What is kept of the input lies at [left, left + kept) of the result; each other place
// of the result takes what lies at a place among those, which differs from mode to mode.
struct Side {
  int dim;
  std::int64_t size, before, after;  // of the input, and what is added, negative for what is cut off

  std::int64_t left() const { return std::max<std::int64_t>(before, 0); }
  std::int64_t right() const { return std::max<std::int64_t>(after, 0); }
  std::int64_t cut() const { return std::max<std::int64_t>(-before, 0); }
  std::int64_t kept() const { return size - cut() - std::max<std::int64_t>(-after, 0); }
  std::int64_t padded_size() const { return left() + kept() + right(); }

  std::int64_t source(std::int64_t i, Mode mode) const {
    const std::int64_t first = left(), last = first + kept() - 1;
    switch (mode) {
      case Mode::Reflect:
        return i < first ? 2 * first - i : 2 * last - i;
      case Mode::Circular:
        return i < first ? i + kept() : i - kept();
      default:
        return i < first ? first : last;
    }
  }
};

struct Plan {
  Mode mode;
  std::vector<Side> sides;
  Shape from, to;
};

[[noreturn]] void refuse(const Side& s, const std::string& why) {
  throw ShapeError("pad: dimension " + std::to_string(s.dim) + " of size " + std::to_string(s.size) +
                   " cannot be padded by " + std::to_string(s.before) + " and " + std::to_string(s.after) +
                   ": " + why);
}

void check(const Side& s, Mode mode) {
  constexpr std::int64_t most = INT64_MAX / 4;  // sums of these do not overflow
  const auto large = [](std::int64_t n) { return n > most || n < -most; };
  if (large(s.before) || large(s.after) || large(s.size)) refuse(s, "that is too much");
  if (s.kept() < 0) refuse(s, "more would be cut off than there is");
  if (mode == Mode::Constant) return;
  if (s.padded_size() == 0) refuse(s, "nothing would be left");
  const std::int64_t larger = std::max(s.left(), s.right());
  if (s.kept() == 0) refuse(s, "there is no element to repeat");
  if (mode == Mode::Reflect && larger >= s.kept()) refuse(s, "an amount must be less than what it mirrors");
  if (mode == Mode::Circular && larger > s.kept()) refuse(s, "it would wrap around more than once");
}

Plan make_plan(const Tensor& x, const Dims& pads, Mode mode) {
  if (pads.size() % 2 != 0 || pads.size() / 2 > x.dim()) {
    throw ShapeError("pad: a pair of amounts for each of up to " + std::to_string(x.dim()) +
                     " dimensions is needed, " + to_string(pads) + " was given");
  }
  Plan plan{mode, {}, x.sizes(), x.sizes()};
  for (int i = 0; i < pads.size() / 2; ++i) {
    const int d = x.dim() - 1 - i;
    const Side side{d, x.sizes()[d], pads[2 * i], pads[2 * i + 1]};
    if (side.before == 0 && side.after == 0) continue;
    check(side, mode);
    plan.to[d] = side.padded_size();
    plan.sides.push_back(side);
  }
  return plan;
}

// The part of a tensor of the padded shape that is the input's, and of the input that is kept.
Tensor middle(const Plan& plan, Tensor padded) {
  for (const Side& s : plan.sides) padded = narrow(padded, s.dim, s.left(), s.kept());
  return padded;
}
Tensor kept(const Plan& plan, Tensor x) {
  for (const Side& s : plan.sides) x = narrow(x, s.dim, s.cut(), s.kept());
  return x;
}

// Calls f(place, source) for the added places of a dimension.
template <class F>
void each_added(const Side& s, Mode mode, F f) {
  for (std::int64_t i = 0; i < s.left(); ++i) f(i, s.source(i, mode));
  for (std::int64_t i = s.left() + s.kept(); i < s.padded_size(); ++i) f(i, s.source(i, mode));
}

}  // namespace

template <>
inline constexpr bool autograd::saved_by_value<Plan> = true;

namespace {

Tensor pad_gradient(const Plan& plan, const Tensor& g);

// Dimension after dimension: the places added in one are copies of slices that are complete in those before.
Tensor padded(const Plan& plan, const Tensor& x, const Scalar& value) {
  const Tensor out = empty(plan.to, x.dtype());
  {
    const NoGrad no_grad;
    const Tensor in = x.detach();
    copy_into(middle(plan, out), kept(plan, in));
    for (std::size_t k = 0; k < plan.sides.size(); ++k) {
      const Side& s = plan.sides[k];
      // Of the dimensions whose turn is yet to come only the middle.
      Tensor target = out;
      for (std::size_t j = k + 1; j < plan.sides.size(); ++j) {
        target = narrow(target, plan.sides[j].dim, plan.sides[j].left(), plan.sides[j].kept());
      }
      if (plan.mode == Mode::Constant) {
        fill_into(narrow(target, s.dim, 0, s.left()), value);
        fill_into(narrow(target, s.dim, s.left() + s.kept(), s.right()), value);
      } else {
        each_added(s, plan.mode, [&](std::int64_t place, std::int64_t source) {
          copy_into(target.select(s.dim, place), target.select(s.dim, source));
        });
      }
    }
  }
  return record("pad", out, {x}, saving(plan),
                [](const Tensor& g, const Plan& done) { return pad_gradient(done, g); });
}

// The gradient of x from that of the result: what was copied is added up where it came from, in the opposite
// order.
Tensor pad_gradient(const Plan& plan, const Tensor& g) {
  const Tensor out = zeros(plan.from, g.dtype());
  {
    const NoGrad no_grad;
    // Sums of half precision are taken in float32 until they are stored.
    const bool half = is_half(g.dtype());
    Tensor sums = plan.mode == Mode::Constant ? g.detach()
                  : half                      ? g.detach().to(float32)
                                              : g.detach().clone();
    for (auto s = plan.sides.rbegin(); s != plan.sides.rend(); ++s) {
      if (plan.mode != Mode::Constant) {
        each_added(*s, plan.mode, [&](std::int64_t place, std::int64_t source) {
          add_into(sums.select(s->dim, source), sums.select(s->dim, place));
        });
      }
      sums = narrow(sums, s->dim, s->left(), s->kept());
    }
    copy_into(kept(plan, out), sums);
  }
  return record("pad", out, {g}, saving(plan),
                [](const Tensor& h, const Plan& done) { return padded(done, h, 0); });
}

}  // namespace

Tensor pad(const Tensor& x, const Dims& pads, std::string_view mode, const Scalar& value) {
  const Mode how = mode_by_name(mode);
  if (how == Mode::Constant) check_fill_value("pad", value, x.dtype());
  return padded(make_plan(x, pads, how), x, value);
}

}  // namespace wick
