#include "wick/ops/subscript.h"

#include <limits>
#include <string_view>

#include "wick/autograd/in_place.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/index_list.h"
#include "wick/ops/indexing.h"
#include "wick/ops/views.h"

namespace wick {

indexing::TensorIndex::TensorIndex(const char* dots) : kind(Kind::Rest) {
  if (!dots || std::string_view(dots) != "...")
    fail<IndexError>("index", "the only text that is an index is \"...\", {} was given",
                     dots ? dots : "null");
}

namespace {

using Kind = TensorIndex::Kind;

// Dimensions of x that an index stands for.
int dimensions_of(const TensorIndex& index) {
  switch (index.kind) {
    case Kind::Position:
    case Kind::Range:
      return 1;
    case Kind::Picks:
      return index.picks.dtype() == boolean ? index.picks.dim() : 1;
    default:
      return 0;
  }
}

// The view that numbers, slices and new dimensions give, and the tensors that pick from it, an undefined one
// for each dimension that none speaks of; the list is empty without any.
struct Resolved {
  Tensor view;
  Tensors picks;
};

using Indices = std::span<const TensorIndex>;

Indices listed(std::initializer_list<TensorIndex> indices) { return {indices.begin(), indices.size()}; }

Resolved resolve(const Tensor& x, Indices indices) {
  int named = 0, ellipses = 0;
  for (const TensorIndex& index : indices) {
    named += dimensions_of(index);
    ellipses += index.kind == Kind::Rest;
  }
  if (ellipses > 1) fail<IndexError>("index", "at most one Ellipsis can stand in it, {} do", ellipses);
  if (named > x.dim())
    fail<IndexError>("index", "too many indices: {} for a tensor of {} dimensions", named, x.dim());

  Resolved out{x, {}};
  bool picked = false;
  int d = 0;  // of the view
  const auto skip = [&](int count) {
    out.picks.resize(out.picks.size() + static_cast<std::size_t>(count));
    d += count;
  };
  for (const TensorIndex& index : indices) {
    switch (index.kind) {
      case Kind::Position:
        out.view = select(out.view, d, index.position);
        break;
      case Kind::Range: {
        const auto [start, stop, step] = index.slice;
        out.view = slice(out.view, d, start.value_or(0),
                         stop.value_or(std::numeric_limits<std::int64_t>::max()), step);
        skip(1);
        break;
      }
      case Kind::NewDimension:
        out.view = unsqueeze(out.view, d);
        skip(1);
        break;
      case Kind::Rest:
        skip(x.dim() - named);
        break;
      case Kind::Picks:
        picked = true;
        out.picks.push_back(index.picks);
        d += dimensions_of(index);
        break;
    }
  }
  if (!picked) out.picks.clear();
  return out;
}

// In x's dtype.
Tensor values_for(const Tensor& x, const Operand& values) {
  if (values.is_tensor()) return values.tensor().to(x.dtype());
  check_fill_value("index_put_", values.number(), x.dtype());
  return scalar_tensor(values.number(), x.dtype());
}

}  // namespace

Tensor index(const Tensor& x, Indices indices) {
  const auto [view, picks] = resolve(x, indices);
  return picks.empty() ? view : index(view, picks);
}

Tensor index(const Tensor& x, std::initializer_list<TensorIndex> indices) {
  return index(x, listed(indices));
}

namespace {

// What the view, or what is picked from it, is given.
void assign(const Tensor& view, const Tensors& picks, const Operand& values) {
  const bool single = !values.is_tensor() || values.tensor().dim() == 0;
  if (picks.empty()) {
    values.is_tensor() ? view.copy_(values.tensor()) : view.fill_(values.number());
  } else if (single && picks.size() == 1 && picks[0].dtype() == boolean && picks[0].sizes() == view.sizes()) {
    // One value for all that a mask chooses needs no positions.
    view.masked_fill_(picks[0], values_for(view, values));
  } else {
    wick::index_put_(view, picks, values_for(view, values));
  }
}

}  // namespace

const Tensor& index_put_(const Tensor& x, Indices indices, const Operand& values) {
  const auto [view, picks] = resolve(x, indices);
  assign(view, picks, values);
  return x;
}

const Tensor& index_put_(const Tensor& x, std::initializer_list<TensorIndex> indices, const Operand& values,
                         bool accumulate) {
  const auto [view, picks] = resolve(x, listed(indices));
  if (!accumulate) {
    assign(view, picks, values);
  } else if (picks.empty()) {
    view.add_(values);
  } else {
    index_put_(view, picks, values_for(view, values), true);
  }
  return x;
}

Subscript::Subscript(const Tensor& x, std::initializer_list<TensorIndex> indices)
    : Subscript(x, listed(indices)) {}

Subscript::Subscript(const Tensor& x, Indices indices) {
  auto [view, picks] = resolve(x, indices);
  Tensor::operator=(picks.empty() ? view : wick::index(view, picks));
  if (picks.empty()) return;
  origin_ = view;
  picks_ = std::move(picks);
}

const Tensor& Subscript::put(const Operand& values) const {
  assign(origin_.defined() ? origin_ : *this, picks_, values);
  return *this;
}

// What has been computed of picked elements.
const Tensor& Subscript::put_change(const char* operation, const Tensor& result) const {
  return put(autograd::fit_change(operation, *this, result));
}

const Tensor& Subscript::operator+=(const Operand& y) && {
  return origin_.defined() ? put_change("add_", *this + y) : add_(y);
}
const Tensor& Subscript::operator-=(const Operand& y) && {
  return origin_.defined() ? put_change("sub_", *this - y) : sub_(y);
}
const Tensor& Subscript::operator*=(const Operand& y) && {
  return origin_.defined() ? put_change("mul_", *this * y) : mul_(y);
}
const Tensor& Subscript::operator/=(const Operand& y) && {
  return origin_.defined() ? put_change("div_", *this / y) : div_(y);
}

}  // namespace wick
