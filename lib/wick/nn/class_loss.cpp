#include <cmath>

#include "wick/autograd/twin.h"
#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/nn/loss.h"
#include "wick/nn/reduce_loss.h"
#include "wick/ops/activation.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/indexing.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

// Losses of class numbers: loops over examples, which read one element of many.

namespace wick {
namespace {

// Where the classes of an input are: (examples, classes, positions).
struct Layout {
  std::int64_t examples = 1, classes, positions = 1;
  int dim;  // of the classes
  Shape without;

  Layout(const char* operation, const Tensor& x) : dim(x.dim() > 1 ? 1 : 0) {
    if (x.dim() == 0) fail<ShapeError>(operation, "a 0-d input has no classes");
    classes = x.size(dim);
    without = x.sizes();
    without.erase(dim);
    if (dim == 1) examples = x.size(0);
    for (int d = 2; d < x.dim(); ++d) positions *= x.size(d);
  }
};

void check_scores(const char* operation, const Tensor& x) {
  if (!is_floating(x.dtype()))
    fail<DTypeError>(operation, "the input must be floating point, not {}", x.dtype());
}

void check_classes(const char* operation, const Tensor& target) {
  if (target.dtype() != int64) {
    fail<DTypeError>(operation, "class numbers must be int64, {} was given", target.dtype());
  }
}

void check_weight(const char* operation, const Tensor& weight, std::int64_t classes) {
  if (weight.defined() && (weight.dim() != 1 || weight.size(0) != classes)) {
    fail<ShapeError>(operation,
                     "the weight tensor must have one element for each of {} classes, not shape {}", classes,
                     weight.sizes());
  }
}

void check_target_shape(const char* operation, const Tensor& x, const Tensor& target, const Shape& wanted) {
  if (target.sizes() != wanted) {
    fail<ShapeError>(operation, "an input of shape {} needs a target of shape {}, not {}", x.sizes(), wanted,
                     target.sizes());
  }
}

[[noreturn]] void refuse_class(const char* operation, std::int64_t number, std::int64_t classes) {
  fail<IndexError>(operation, "the class {} is out of bounds for {} classes", number, classes);
}

// IndexError for a class that there is not.
void check_class_range(const char* operation, const Tensor& target, std::int64_t classes) {
  if (target.numel() == 0) return;
  const std::int64_t low = min(target).item<std::int64_t>(), high = max(target).item<std::int64_t>();
  if (low < 0 || high >= classes) refuse_class(operation, low < 0 ? low : high, classes);
}

// What the loops and the derivatives of nll_loss and cross_entropy know.
struct ClassLoss {
  const char* name;
  Reduction reduction;
  std::int64_t ignored;
  bool of_scores;       // cross_entropy: the inputs are not logarithms yet
  double total_weight;  // what the mean is over
};

// Row-major; the logarithms in the input's dtype, the weights in float64 or undefined.
struct ClassData {
  Tensor logs, target, weight;

  double weight_of(std::int64_t number) const { return weight.defined() ? weight.data<double>()[number] : 1; }
};

// Calls f(example, position, class) for the examples that count, in order; IndexError for a class that there
// is not.
template <class F>
void each_example(const char* operation, const Layout& layout, const Tensor& target, std::int64_t ignored,
                  F f) {
  const std::int64_t* number = target.data<std::int64_t>();
  for (std::int64_t n = 0; n < layout.examples; ++n) {
    for (std::int64_t i = 0; i < layout.positions; ++i, ++number) {
      if (*number == ignored) continue;
      if (*number < 0 || *number >= layout.classes) refuse_class(operation, *number, layout.classes);
      f(n, i, *number);
    }
  }
}

// Calls f with the type tag of a floating point dtype.
template <class F>
void with_type(DType dtype, F f) {
  dispatch(dtype, [&]<class T>(TypeTag<T> tag) {
    if constexpr (is_floating(dtype_of<T>)) f(tag);
  });
}

// The losses, and the sum of the weights.
Tensor class_values(const Layout& layout, const ClassData& data, ClassLoss& loss) {
  const Tensor each = loss.reduction == Reduction::None ? zeros(layout.without, data.logs.dtype()) : Tensor();
  double sum = 0, weights = 0;
  with_type(data.logs.dtype(), [&]<class T>(TypeTag<T>) {
    const T* x = data.logs.data<T>();
    T* out = each.defined() ? each.data<T>() : nullptr;
    each_example(
        loss.name, layout, data.target, loss.ignored, [&](std::int64_t n, std::int64_t i, std::int64_t y) {
          const double w = data.weight_of(y);
          const double value = -w * static_cast<double>(x[(n * layout.classes + y) * layout.positions + i]);
          if (out) out[n * layout.positions + i] = static_cast<T>(value);
          sum += value;
          weights += w;
        });
  });
  loss.total_weight = weights;
  if (each.defined()) return each;
  return scalar_tensor(sum / divisor_of(loss.reduction, weights, layout.examples), data.logs.dtype());
}

// Of each example's loss, what its gradient is multiplied by: row-major, in float64, 0 where it is ignored.
Tensor shares(const Layout& layout, const ClassData& data, const ClassLoss& loss, const Tensor& g) {
  const Tensor out = zeros({layout.examples, layout.positions}, float64);
  const Tensor given = g.to(float64).contiguous();
  const double* from = given.data<double>();
  const double divisor = divisor_of(loss.reduction, loss.total_weight, layout.examples);
  double* to = out.data<double>();
  each_example(
      loss.name, layout, data.target, loss.ignored, [&](std::int64_t n, std::int64_t i, std::int64_t y) {
        const std::int64_t at = n * layout.positions + i;
        to[at] = (loss.reduction == Reduction::None ? from[at] : *from) * data.weight_of(y) / divisor;
      });
  return out;
}

// `tensors`: the input, the target, the weights, and for cross_entropy the logarithms.
Tensors class_gradients(const Tensor& g, const Tensors& tensors, const ClassLoss& loss) {
  const Tensor& x = tensors[0];
  const Layout layout(loss.name, x);
  const ClassData data{loss.of_scores ? tensors[3] : Tensor(), tensors[1].contiguous(), tensors[2]};
  const Tensor share = shares(layout, data, loss, g);
  // Of softmax(x) for the scores, else of nothing.
  const Shape shape{layout.examples, layout.classes, layout.positions};
  const Tensor out = loss.of_scores ? exp(data.logs).reshape(shape).mul_(share.to(x.dtype()).unsqueeze(1))
                                    : zeros(shape, x.dtype());
  with_type(x.dtype(), [&]<class T>(TypeTag<T>) {
    T* to = out.data<T>();
    const double* part = share.data<double>();
    each_example(loss.name, layout, data.target, loss.ignored,
                 [&](std::int64_t n, std::int64_t i, std::int64_t y) {
                   T& element = to[(n * layout.classes + y) * layout.positions + i];
                   element = static_cast<T>(static_cast<double>(element) - part[n * layout.positions + i]);
                 });
  });
  return {out.reshape(x.sizes())};
}

// The weights of the targets, 0 for what is ignored, and which targets count.
struct Counted {
  Tensor valid, safe, weight;

  Counted(const Tensor& target, const Tensor& weights, std::int64_t ignored, DType dtype)
      : valid(ne(target, ignored)), safe(where(valid, target, 0)) {
    const Tensor each = weights.defined()
                            ? index_select(weights.to(dtype), 0, safe.flatten()).reshape(target.sizes())
                            : ones(target.sizes(), dtype);
    weight = where(valid, each, 0);
  }
};

Tensor picked(const Tensor& x, const Tensor& classes, std::int64_t dim) {
  return gather(x, dim, classes.unsqueeze(dim)).squeeze(dim);
}

Tensor class_twin(const Tensors& tensors, const ClassLoss& loss) {
  const Layout layout(loss.name, tensors[0]);
  const Tensor logs = loss.of_scores ? log_softmax(tensors[0], layout.dim) : tensors[0];
  const Counted counted(tensors[1], tensors[2], loss.ignored, logs.dtype());
  const Tensor losses =
      where(counted.valid, neg(mul(picked(logs, counted.safe, layout.dim), counted.weight)), 0);
  if (loss.reduction == Reduction::Mean) return div(sum(losses), sum(counted.weight));
  return reduce_losses(loss.name, losses, loss.reduction);
}

Tensor class_loss(ClassLoss loss, const Tensor& input, const Tensor& target, const Tensor& weight) {
  check_scores(loss.name, input);
  const Layout layout(loss.name, input);
  check_classes(loss.name, target);
  check_target_shape(loss.name, input, target, layout.without);
  check_weight(loss.name, weight, layout.classes);
  check_batch(loss.name, layout.without, loss.reduction);
  const Tensor x = input.detach();
  const ClassData data{loss.of_scores ? log_softmax(x, layout.dim).contiguous() : x.contiguous(),
                       target.contiguous(),
                       weight.defined() ? weight.detach().to(float64).contiguous() : weight};
  const Tensor out = class_values(layout, data, loss);
  Tensors kept{data.target, data.weight};
  if (loss.of_scores) kept.push_back(data.logs);
  return record_fused(loss.name, out, {input}, loss, class_gradients, class_twin, kept);
}

// With label smoothing, of class numbers and of probabilities.
Tensor smoothed_classes(const ClassLoss& loss, const Tensor& input, const Tensor& target,
                        const Tensor& weight, double smoothing) {
  const Layout layout(loss.name, input);
  const Tensor logs = log_softmax(input, layout.dim);
  ClassLoss of_logs = loss;
  of_logs.of_scores = false;
  const Tensor main = class_loss(of_logs, logs, target, weight);
  const Counted counted(target, weight, loss.ignored, logs.dtype());
  Shape along = Shape::filled(input.dim(), 1);
  along[layout.dim] = layout.classes;
  const Tensor even =
      sum(weight.defined() ? mul(logs, weight.to(logs.dtype()).reshape(along)) : logs, {layout.dim});
  const Tensor spread = where(counted.valid, neg(even), 0);
  const Tensor rest = loss.reduction == Reduction::Mean ? div(sum(spread), sum(counted.weight))
                                                        : reduce_losses(loss.name, spread, loss.reduction);
  return add(mul(main, 1 - smoothing), mul(rest, smoothing / static_cast<double>(layout.classes)));
}

Tensor cross_entropy_of_probabilities(const char* operation, const Tensor& input, const Tensor& target,
                                      const Tensor& weight, Reduction reduction, double smoothing) {
  const Layout layout(operation, input);
  Tensor wanted = target;
  if (smoothing > 0) {
    wanted = add(mul(target, 1 - smoothing), smoothing / static_cast<double>(layout.classes));
  }
  if (weight.defined()) {
    Shape along = Shape::filled(input.dim(), 1);
    along[layout.dim] = layout.classes;
    wanted = mul(wanted, weight.to(input.dtype()).reshape(along));
  }
  return reduce_losses(operation, neg(sum(mul(wanted, log_softmax(input, layout.dim)), {layout.dim})),
                       reduction);
}

}  // namespace

Tensor nll_loss(const Tensor& input_given, const Tensor& target, const Tensor& weight, Reduction reduction,
                std::int64_t ignore_index) {
  const Tensor input = autocast::raised(input_given);
  return class_loss({"nll_loss", reduction, ignore_index, false, 0}, input, target, weight);
}

Tensor cross_entropy(const Tensor& input_given, const Tensor& target, const Tensor& weight,
                     Reduction reduction, std::int64_t ignore_index, double label_smoothing) {
  const Tensor input = autocast::raised(input_given);
  const ClassLoss loss{"cross_entropy", reduction, ignore_index, true, 0};
  if (!(label_smoothing >= 0 && label_smoothing <= 1)) {
    fail(loss.name, "label smoothing must be from 0 to 1, {} was given", label_smoothing);
  }
  if (input.dim() > 0 && target.sizes() == input.sizes() && is_floating(target.dtype())) {
    check_scores(loss.name, input);
    check_weight(loss.name, weight, Layout(loss.name, input).classes);
    return cross_entropy_of_probabilities(loss.name, input, target, weight, reduction, label_smoothing);
  }
  if (label_smoothing == 0) return class_loss(loss, input, target, weight);
  check_scores(loss.name, input);
  check_classes(loss.name, target);
  check_target_shape(loss.name, input, target, Layout(loss.name, input).without);
  check_weight(loss.name, weight, Layout(loss.name, input).classes);
  return smoothed_classes(loss, input, target, weight, label_smoothing);
}

Tensor focal_loss(const Tensor& input_given, const Tensor& target, double alpha, double gamma,
                  Reduction reduction) {
  const Tensor input = autocast::raised(input_given);
  constexpr const char* operation = "focal_loss";
  check_scores(operation, input);
  if (input.dim() == 0) fail<ShapeError>(operation, "a 0-d input has no classes");
  Shape without = input.sizes();
  without.erase(input.dim() - 1);
  check_target_shape(operation, input, target, without);
  const Tensor classes = target.detach().to(int64);
  check_class_range(operation, classes, input.size(-1));
  const Tensor logs = picked(log_softmax(input, -1), classes, -1);
  // 1 - p, and the logarithm not below that of 1e-8.
  // Where p is 1 the slope of the power may be infinite, but the logarithm is 0: nothing is left of it.
  const double least = input.dtype() == float16 ? 6e-8 : input.dtype() == float64 ? 1e-300 : 1e-37;
  const Tensor easy = pow(clamp(neg(expm1(logs)), gamma == 0 ? 0 : least), gamma);
  return reduce_losses(operation, mul(mul(easy, neg(clamp(logs, std::log(1e-8)))), alpha), reduction);
}

Tensor multi_margin_loss(const Tensor& input_given, const Tensor& target, std::int64_t p, double margin,
                         const Tensor& weight, Reduction reduction) {
  const Tensor input = autocast::raised(input_given);
  constexpr const char* operation = "multi_margin_loss";
  check_scores(operation, input);
  if (p != 1 && p != 2) fail(operation, "only p == 1 and p == 2 are supported, {} was given", p);
  if (input.dim() < 1 || input.dim() > 2) {
    fail<ShapeError>(operation, "the input must have shape (N, C) or (C), not {}", input.sizes());
  }
  check_classes(operation, target);
  const Layout layout(operation, input);
  check_weight(operation, weight, layout.classes);
  if (target.numel() != layout.examples || target.dim() > 1) {
    check_target_shape(operation, input, target, layout.without);
  }
  check_class_range(operation, target, layout.classes);
  const Tensor x = input.reshape({layout.examples, layout.classes});
  const Tensor column = target.reshape({layout.examples, 1});
  const Tensor missing = relu(add(sub(x, gather(x, 1, column)), margin));
  Tensor terms = p == 1 ? missing : square(missing);
  if (weight.defined()) {
    terms = mul(terms, index_select(weight.to(x.dtype()), 0, column.flatten()).unsqueeze(1));
  }
  const Tensor others = ne(arange(layout.classes, int64).unsqueeze(0), column);
  const Tensor losses = div(sum(where(others, terms, 0), {1}), static_cast<double>(layout.classes));
  return reduce_losses(operation, losses.reshape(target.sizes()), reduction);
}

namespace {

constexpr const char* multilabel_name = "multilabel_margin_loss";

struct Multilabel {
  Reduction reduction;
};

// Calls f(example, class listed, other class, factor) for each pair of the formula; the factor is 1 / C.
template <class F>
void each_pair(const Tensor& target, F f) {
  const std::int64_t classes = target.size(1);
  const std::int64_t* row = target.data<std::int64_t>();
  std::vector<char> listed(static_cast<std::size_t>(classes));
  for (std::int64_t n = 0; n < target.size(0); ++n, row += classes) {
    std::fill(listed.begin(), listed.end(), char{0});
    std::int64_t count = 0;
    for (; count < classes && row[count] != -1; ++count) {
      if (row[count] < 0 || row[count] >= classes) refuse_class(multilabel_name, row[count], classes);
      listed[static_cast<std::size_t>(row[count])] = 1;
    }
    for (std::int64_t k = 0; k < count; ++k) {
      for (std::int64_t i = 0; i < classes; ++i) {
        if (!listed[static_cast<std::size_t>(i)]) f(n, row[k], i);
      }
    }
  }
}

Shape as_rows(const Tensor& x) { return x.dim() == 2 ? x.sizes() : Shape{1, x.size(0)}; }

Tensors multilabel_gradients(const Tensor& g, const Tensors& tensors, const Multilabel& loss) {
  const Shape rows = as_rows(tensors[0]);
  const Tensor x = tensors[0].detach().to(float64).reshape(rows).contiguous();
  const Tensor out = zeros(rows, float64), given = g.to(float64).contiguous();
  const double* score = x.data<double>();
  const double* from = given.data<double>();
  double* to = out.data<double>();
  const double divisor = divisor_of(loss.reduction, static_cast<double>(rows[0]), rows[0]);
  const double share = 1 / (static_cast<double>(rows[1]) * divisor);
  each_pair(tensors[1].reshape(rows).contiguous(), [&](std::int64_t n, std::int64_t j, std::int64_t i) {
    const std::int64_t a = n * rows[1] + j, b = n * rows[1] + i;
    if (!(1 - score[a] + score[b] > 0)) return;
    const double part = share * (loss.reduction == Reduction::None ? from[n] : *from);
    to[a] -= part;
    to[b] += part;
  });
  return {out.reshape(tensors[0].sizes())};
}

Tensor multilabel_twin(const Tensors& tensors, const Multilabel& loss) {
  const Shape rows = as_rows(tensors[0]);
  const Tensor x = tensors[0].reshape(rows);
  // How often each pair counts.
  const Tensor pairs = zeros({rows[0], rows[1], rows[1]}, float64);
  each_pair(tensors[1].reshape(rows).contiguous(), [&](std::int64_t n, std::int64_t j, std::int64_t i) {
    pairs.data<double>()[(n * rows[1] + j) * rows[1] + i] += 1;
  });
  const Tensor missing = relu(add(sub(x.unsqueeze(1), x.unsqueeze(2)), 1));
  const Tensor losses = div(sum(mul(missing, pairs.to(x.dtype())), {1, 2}), static_cast<double>(rows[1]));
  return reduce_losses(multilabel_name, tensors[0].dim() == 1 ? losses.reshape({}) : losses, loss.reduction);
}

}  // namespace

Tensor multilabel_margin_loss(const Tensor& input_given, const Tensor& target, Reduction reduction) {
  const Tensor input = autocast::raised(input_given);
  check_scores(multilabel_name, input);
  if (input.dim() < 1 || input.dim() > 2) {
    fail<ShapeError>(multilabel_name, "the input must have shape (N, C) or (C), not {}", input.sizes());
  }
  check_classes(multilabel_name, target);
  check_target_shape(multilabel_name, input, target, input.sizes());
  const Shape rows = as_rows(input);
  const Tensor x = input.detach().to(float64).reshape(rows).contiguous();
  const Tensor losses = zeros({rows[0]}, float64);
  const double* score = x.data<double>();
  each_pair(target.reshape(rows).contiguous(), [&](std::int64_t n, std::int64_t j, std::int64_t i) {
    const double missing = 1 - score[n * rows[1] + j] + score[n * rows[1] + i];
    if (!(missing <= 0)) losses.data<double>()[n] += missing / static_cast<double>(rows[1]);
  });
  const Tensor each = input.dim() == 1 ? losses.reshape({}) : losses;
  const Tensor out = reduce_losses(multilabel_name, each, reduction).to(input.dtype());
  return record_fused(multilabel_name, out, {input}, Multilabel{reduction}, multilabel_gradients,
                      multilabel_twin, {target});
}

}  // namespace wick
