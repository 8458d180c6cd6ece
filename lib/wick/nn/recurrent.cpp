#include "wick/nn/recurrent.h"

#include <algorithm>
#include <cmath>

#include "wick/autograd/twin.h"
#include "wick/core/autocast.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/kernels/recurrent.h"
#include "wick/linalg/gemm.h"
#include "wick/linalg/products.h"
#include "wick/nn/init.h"
#include "wick/nn/linear.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/loop.h"
#include "wick/ops/random.h"
#include "wick/ops/rearrange.h"
#include "wick/ops/reduction.h"
#include "wick/ops/views.h"

// One node for each layer and direction. The products with the input are one for all steps, as are those of
// the weights' gradients; a step has one product that is added to them, and a kernel for what is left.

namespace wick {

using kernels::Cell;
using kernels::RecurrentStep;

namespace {

struct Rule {
  Cell cell;
  const char* name;
  int gates;
  int cost;  // of an element of the state, in additions
};
constexpr Rule lstm_rule{Cell::LSTM, "lstm", 4, 60}, gru_rule{Cell::GRU, "gru", 3, 45},
    tanh_rule{Cell::Tanh, "rnn_tanh", 1, 15}, relu_rule{Cell::Relu, "rnn_relu", 1, 3};

// One direction of a layer.
struct Direction {
  Rule rule;
  bool reverse;
};

// The tensors of a direction, in the order in which its node has them.
enum : std::size_t { X, H0, C0, WIh, WHh, BIh, BHh, inputs, Gates = inputs, Y, C, Kept };

Tensor dense(const Tensor& x) { return x.detach().contiguous(); }

// A matrix of row-major elements somewhere in a tensor.
struct Matrix {
  const Tensor& tensor;
  std::int64_t first, rows, columns;

  const char* data() const { return tensor.raw_data() + first * tensor.itemsize(); }
};
// `rows` rows of a tensor's last dimension.
Matrix rows_of(const Tensor& t, std::int64_t first, std::int64_t rows) {
  const std::int64_t width = t.size(-1);
  return {t, first * width, rows, width};
}
Matrix rows_of(const Tensor& t) { return rows_of(t, 0, t.numel() / std::max<std::int64_t>(t.size(-1), 1)); }

enum class Turned { None, A, B };

// C = A B + beta C, with one of the factors transposed.
void product(const char* name, const Matrix& a, const Matrix& b, const Matrix& c, Turned turned,
             double beta) {
  kernels::Gemm g{};
  g.m = c.rows;
  g.n = c.columns;
  g.k = turned == Turned::A ? a.rows : a.columns;
  if (g.m == 0 || g.n == 0 || (g.k == 0 && beta == 1)) return;
  g.a = a.data();
  g.b = b.data();
  g.c = const_cast<char*>(c.data());
  g.a_row = turned == Turned::A ? 1 : a.columns;
  g.a_column = turned == Turned::A ? a.columns : 1;
  g.b_row = turned == Turned::B ? 1 : b.columns;
  g.b_column = turned == Turned::B ? b.columns : 1;
  g.c_row = c.columns;
  g.c_column = 1;
  g.beta = beta;
  gemm(name, c.tensor.dtype(), g);
}

// The steps of a direction, with addresses of what belongs to each.
class Steps {
 public:
  Steps(const Direction& d, const Tensor& y)
      : rule_(d.rule), reverse_(d.reverse), count_(y.size(0)), batch_(y.size(1)), hidden_(y.size(2)) {}

  std::int64_t count() const { return count_; }
  bool reversed() const { return reverse_; }
  // The place in time of step s, and the address of its rows in a tensor over time.
  std::int64_t time(std::int64_t s) const { return reverse_ ? count_ - 1 - s : s; }
  char* at(const Tensor& t, std::int64_t s) const {
    if (!t.defined()) return nullptr;
    return t.raw_data() + time(s) * batch_ * t.size(-1) * t.itemsize();
  }
  Matrix rows(const Tensor& t, std::int64_t s) const { return rows_of(t, time(s) * batch_, batch_); }

  // The kernel for all rows of a step, on several threads if they are many.
  void run(const RecurrentStep& whole, void (*function)(const RecurrentStep&), std::int64_t itemsize) const {
    const std::int64_t work = std::max<std::int64_t>(hidden_ * rule_.cost, 1);
    parallel_for(batch_, std::max<std::int64_t>(parallel::grain / work, 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   RecurrentStep part = whole;
                   const std::int64_t row = begin * hidden_ * itemsize;
                   const auto move = [&]<class P>(P*& p, std::int64_t width) {
                     using Byte = std::conditional_t<std::is_const_v<P>, const char, char>;
                     if (p) p = static_cast<Byte*>(p) + width * row;
                   };
                   part.batch = end - begin;
                   for (auto* p : {&part.gates, &part.dgates, &part.drecurrent}) move(*p, rule_.gates);
                   for (auto* p : {&part.kept, &part.h_next, &part.c_next, &part.dh, &part.dc}) move(*p, 1);
                   for (auto* p : {&part.h, &part.c, &part.dy}) move(*p, 1);
                   move(part.recurrent, rule_.gates);
                   function(part);
                 });
  }

 private:
  Rule rule_;
  bool reverse_;
  std::int64_t count_, batch_, hidden_;
};

const kernels::RecurrentKernels::Functions& functions(const Rule& rule, DType dtype) {
  return kernels::table().recurrent->functions[rule.cell][index_of(dtype)];
}

const void* address(const Tensor& t) { return t.defined() ? t.raw_data() : nullptr; }

// --- Forward

// Rows of b_ih and, where both are added to the same, b_hh; or of zeros.
Tensor begun_gates(const Rule& rule, const Tensors& in, const Shape& shape) {
  const Tensor gates = empty(shape, in[X].dtype());
  Tensor bias = in[BIh];
  if (bias.defined() && rule.cell != Cell::GRU) bias = add(bias, in[BHh]);
  if (bias.defined()) {
    gates.copy_(bias);
  } else {
    gates.fill_(0);
  }
  return gates;
}

// The results y and, of the LSTM, the last c; and what the backward pass needs.
struct Run {
  Tensors results, kept;
};

Run run_direction(const Tensors& given, const Direction& d) {
  const NoGrad no_grad;
  const Rule& rule = d.rule;
  Tensors in;
  for (const Tensor& t : given) in.push_back(t.defined() ? dense(t) : t);
  const DType dtype = in[X].dtype();
  const std::int64_t count = in[X].size(0), batch = in[X].size(1), hidden = in[WHh].size(1);
  const Tensor gates = begun_gates(rule, in, {count, batch, rule.gates * hidden});
  const Tensor y = empty({count, batch, hidden}, dtype);
  const Tensor turned = in[WHh].t().contiguous();  // as products of few rows read it fastest
  Tensor c, kept, recurrent;
  if (rule.cell == Cell::LSTM) c = empty(y.sizes(), dtype);
  if (rule.cell == Cell::GRU) {
    kept = empty(y.sizes(), dtype);
    recurrent = empty({batch, rule.gates * hidden}, dtype);
  }
  product(rule.name, rows_of(in[X]), rows_of(in[WIh]), rows_of(gates), Turned::B, 1);
  const Steps steps(d, y);
  for (std::int64_t s = 0; s < count && y.numel() > 0; ++s) {
    check_interrupt({s, count});
    const Matrix before = s == 0 ? rows_of(in[H0]) : steps.rows(y, s - 1);
    if (recurrent.defined()) {
      product(rule.name, before, rows_of(turned), rows_of(recurrent), Turned::None, 0);
    } else {
      product(rule.name, before, rows_of(turned), steps.rows(gates, s), Turned::None, 1);
    }
    RecurrentStep step{};
    step.hidden = hidden;
    step.gates = steps.at(gates, s);
    step.recurrent = address(recurrent);
    step.recurrent_bias = recurrent.defined() ? address(in[BHh]) : nullptr;
    step.kept = steps.at(kept, s);
    step.h = before.data();
    step.c = s == 0 ? address(in[C0]) : steps.at(c, s - 1);
    step.h_next = steps.at(y, s);
    step.c_next = steps.at(c, s);
    steps.run(step, functions(rule, dtype).forward, y.itemsize());
  }
  Run out{{y}, {rule.gates > 1 ? gates : Tensor(), y, c, kept}};
  if (c.defined()) out.results.push_back(c.select(0, steps.time(count - 1)).clone());
  return out;
}

// --- Backward

// The gradient of W_hh from that of its products, over all steps: those behind the first saw the output.
Tensor recurrent_weight_gradient(const Rule& rule, const Tensor& products, const Tensors& in, const Tensor& y,
                                 const Steps& steps) {
  const Tensor out = empty(in[WHh].sizes(), y.dtype());
  const std::int64_t rest = (steps.count() - 1) * y.size(1), batch = y.size(1);
  product(rule.name, steps.rows(products, 0), rows_of(in[H0]), rows_of(out), Turned::A, 0);
  // One step further on in the direction of the time.
  const std::int64_t later = steps.reversed() ? 0 : batch, earlier = steps.reversed() ? batch : 0;
  if (rest > 0) {
    product(rule.name, rows_of(products, later, rest), rows_of(y, earlier, rest), rows_of(out), Turned::A, 1);
  }
  return out;
}

Tensors direction_gradients(const Tensors& grads, const Tensors& tensors, const Direction& d) {
  const Rule& rule = d.rule;
  Tensors in;
  for (std::size_t i = 0; i < inputs; ++i)
    in.push_back(tensors[i].defined() ? dense(tensors[i]) : tensors[i]);
  const Tensor &gates = tensors[Gates], &y = tensors[Y], &c = tensors[C], &kept = tensors[Kept];
  const DType dtype = y.dtype();
  const std::int64_t count = y.size(0), batch = y.size(1), hidden = y.size(2);
  const bool lstm = rule.cell == Cell::LSTM, gru = rule.cell == Cell::GRU;
  const Tensor dy = grads[0].defined() ? dense(grads[0].to(dtype)) : Tensor();
  const Tensor dgates = empty({count, batch, rule.gates * hidden}, dtype);
  const Tensor drecurrent = gru ? empty_like(dgates) : dgates;
  const Tensor dh = zeros({batch, hidden}, dtype);
  Tensor dc;
  if (lstm) {
    dc = zeros({batch, hidden}, dtype);
    if (grads[1].defined()) dc.copy_(grads[1].detach());
  }
  const Steps steps(d, y);
  for (std::int64_t s = count - 1; s >= 0 && y.numel() > 0; --s) {
    check_interrupt({count - 1 - s, count});
    RecurrentStep step{};
    step.hidden = hidden;
    step.gates = steps.at(gates, s);
    step.kept = steps.at(kept, s);
    step.h = s == 0 ? address(in[H0]) : steps.at(y, s - 1);
    step.c = s == 0 ? address(in[C0]) : steps.at(c, s - 1);
    step.h_next = steps.at(y, s);
    step.c_next = steps.at(c, s);
    step.dy = steps.at(dy, s);
    step.dh = dh.raw_data();
    step.dc = dc.defined() ? dc.raw_data() : nullptr;
    step.dgates = steps.at(dgates, s);
    step.drecurrent = gru ? steps.at(drecurrent, s) : nullptr;
    steps.run(step, functions(rule, dtype).backward, y.itemsize());
    product(rule.name, steps.rows(drecurrent, s), rows_of(in[WHh]), rows_of(dh), Turned::None, 1);
  }
  Tensors out(inputs);
  if (autograd::wants_gradient(tensors[X])) {
    out[X] = empty(in[X].sizes(), dtype);
    product(rule.name, rows_of(dgates), rows_of(in[WIh]), rows_of(out[X]), Turned::None, 0);
  }
  if (autograd::wants_gradient(tensors[H0])) out[H0] = dh;
  if (autograd::wants_gradient(tensors[C0])) out[C0] = dc;
  if (autograd::wants_gradient(tensors[WIh])) {
    out[WIh] = empty(in[WIh].sizes(), dtype);
    product(rule.name, rows_of(dgates), rows_of(in[X]), rows_of(out[WIh]), Turned::A, 0);
  }
  if (autograd::wants_gradient(tensors[WHh]))
    out[WHh] = recurrent_weight_gradient(rule, drecurrent, in, y, steps);
  if (autograd::wants_gradient(tensors[BIh])) out[BIh] = sum(dgates, {0, 1});
  if (autograd::wants_gradient(tensors[BHh]))
    out[BHh] = gru || !out[BIh].defined() ? sum(drecurrent, {0, 1}) : out[BIh];
  return out;
}

// --- In operations

struct State {
  Tensor h, c;
};

// The state after a step whose gates are `a`, for the GRU from the parts of input and state apart.
State next_state(const Rule& rule, const Tensor& a, const Tensor& recurrent, const State& before) {
  if (rule.cell == Cell::Tanh) return {tanh(add(a, recurrent)), {}};
  if (rule.cell == Cell::Relu) return {relu(add(a, recurrent)), {}};
  if (rule.cell == Cell::LSTM) {
    const Tensors g = chunk(add(a, recurrent), 4, 1);
    const Tensor c = add(mul(sigmoid(g[1]), before.c), mul(sigmoid(g[0]), tanh(g[2])));
    return {mul(sigmoid(g[3]), tanh(c)), c};
  }
  const Tensors x = chunk(a, 3, 1), h = chunk(recurrent, 3, 1);
  const Tensor fresh = tanh(add(x[2], mul(sigmoid(add(x[0], h[0])), h[2])));
  return {add(fresh, mul(sigmoid(add(x[1], h[1])), sub(before.h, fresh))), {}};
}

Tensors direction_twin(const Tensors& in, const Direction& d) {
  const std::int64_t count = in[X].size(0);
  const Tensor a = linear(in[X], in[WIh], in[BIh]);
  State state{in[H0], in[C0]};
  Tensors outputs(static_cast<std::size_t>(count));
  for (std::int64_t s = 0; s < count; ++s) {
    const std::int64_t t = d.reverse ? count - 1 - s : s;
    state = next_state(d.rule, a.select(0, t), linear(state.h, in[WHh], in[BHh]), state);
    outputs[static_cast<std::size_t>(t)] = state.h;
  }
  Tensors out{stack(outputs)};
  if (state.c.defined()) out.push_back(state.c);
  return out;
}

// --- All layers

// y and, of the LSTM, the last c.
Tensors direction(const Tensors& in, const Direction& d) {
  const Run run = run_direction(in, d);
  return record_fused(d.rule.name, run.results, in, d, direction_gradients, direction_twin, run.kept);
}

Shape state_shape(const RecurrentOptions& o, std::int64_t batch, std::int64_t hidden) {
  return {o.num_layers * (o.bidirectional ? 2 : 1), batch, hidden};
}

void check_weights(const Rule& rule, const Tensor& x, const Tensors& weights, const RecurrentOptions& o) {
  const std::int64_t directions = o.bidirectional ? 2 : 1, each = o.bias ? 4 : 2;
  const std::int64_t wanted = o.num_layers * directions * each;
  if (o.num_layers < 1) fail(rule.name, "num_layers must be positive, {} was given", o.num_layers);
  if (!(o.dropout >= 0 && o.dropout <= 1)) {
    fail(rule.name, "dropout should be a number in range [0, 1], {} was given", o.dropout);
  }
  if (std::ssize(weights) != wanted) {
    fail(rule.name, "{} weights are needed, {} were given", wanted, std::ssize(weights));
  }
  const Tensor& second = weights[1];
  if (second.dim() != 2) {
    fail<ShapeError>(rule.name, "weight 1 must be (gates hidden, hidden), not {}", second.sizes());
  }
  const std::int64_t hidden = second.size(1), rows = rule.gates * hidden;
  for (std::int64_t i = 0; i < wanted; ++i) {
    const Tensor& w = weights[static_cast<std::size_t>(i)];
    const std::int64_t width = i < directions * each ? x.size(-1) : directions * hidden;
    const Shape shape = i % each > 1 ? Shape{rows} : i % each == 1 ? Shape{rows, hidden} : Shape{rows, width};
    if (w.sizes() != shape) {
      fail<ShapeError>(rule.name, "for an input of shape {} weight {} must have shape {}, not {}", x.sizes(),
                       i, shape, w.sizes());
    }
    if (w.dtype() != x.dtype()) {
      fail<DTypeError>(rule.name, "the input is {}, weight {} is {}", x.dtype(), i, w.dtype());
    }
  }
}

Tensor begun_state(const Rule& rule, const char* what, const Tensor& state, const Shape& shape, DType dtype) {
  if (!state.defined()) return zeros(shape, dtype);
  if (state.sizes() != shape) {
    fail<ShapeError>(rule.name, "the state {} must have shape {}, not {}", what, shape, state.sizes());
  }
  if (state.dtype() != dtype) {
    fail<DTypeError>(rule.name, "the input is {}, the state {} is {}", dtype, what, state.dtype());
  }
  return state;
}

// x (L, N, in), states (layers D, N, H).
RecurrentResult run_layers(const Rule& rule, const Tensor& x, const Tensor& h, const Tensor& c,
                           const Tensors& weights, const RecurrentOptions& o) {
  const std::int64_t directions = o.bidirectional ? 2 : 1;
  const std::size_t each = o.bias ? 4 : 2;
  const std::int64_t last = x.size(0) - 1;
  Tensor layer_input = x;
  Tensors last_h, last_c;
  for (std::int64_t layer = 0; layer < o.num_layers; ++layer) {
    Tensors outputs;
    for (std::int64_t way = 0; way < directions; ++way) {
      const std::int64_t i = layer * directions + way;
      Tensors in{layer_input, h.select(0, i), c.defined() ? c.select(0, i) : Tensor()};
      for (std::size_t w = 0; w < each; ++w) in.push_back(weights[static_cast<std::size_t>(i) * each + w]);
      in.resize(inputs);
      const Tensors out = direction(in, {rule, way == 1});
      outputs.push_back(out[0]);
      last_h.push_back(out[0].select(0, way == 1 ? 0 : last));
      if (out.size() > 1) last_c.push_back(out[1]);
    }
    layer_input = outputs.size() == 1 ? outputs[0] : cat(outputs, -1);
    if (layer + 1 < o.num_layers) layer_input = dropout(layer_input, o.dropout, o.training);
  }
  return {layer_input, stack(last_h), last_c.empty() ? Tensor() : stack(last_c)};
}

RecurrentResult recurrent(const Rule& rule, const Tensor& given, const Tensor& given_h, const Tensor& given_c,
                          const Tensors& weights, const RecurrentOptions& o) {
  // Recurrent nets stay in float32 where products around them are lowered.
  const auto raised = [&](const Tensor& t) {
    const bool other = t.defined() && !weights.empty() && t.dtype() != weights[0].dtype();
    return other ? autocast::raised(t) : t;
  };
  const Tensor x = raised(given), h = raised(given_h), c = raised(given_c);
  if (!is_floating(x.dtype()))
    fail<DTypeError>(rule.name, "the input must be floating point, {} was given", x.dtype());
  if (x.dim() != 2 && x.dim() != 3) {
    fail<ShapeError>(rule.name, "the input must have 2 or 3 dimensions, not shape {}", x.sizes());
  }
  check_weights(rule, x, weights, o);
  const bool single = x.dim() == 2;
  const std::int64_t hidden = weights[1].size(1);
  const Tensor sequence = single ? x.unsqueeze(1) : o.batch_first ? x.transpose(0, 1) : x;
  if (sequence.size(0) == 0) {
    fail<ShapeError>(rule.name, "expected sequence length to be larger than 0, the input has shape {}",
                     x.sizes());
  }
  Shape shape = state_shape(o, sequence.size(1), hidden);
  if (single) shape.erase(1);
  Tensor begin_h = begun_state(rule, "h", h, shape, x.dtype()), begin_c;
  if (rule.cell == Cell::LSTM) begin_c = begun_state(rule, "c", c, shape, x.dtype());
  if (single) {
    begin_h = begin_h.unsqueeze(1);
    if (begin_c.defined()) begin_c = begin_c.unsqueeze(1);
  }
  const bool half = is_half(x.dtype());
  const auto wide = [&](const Tensor& t) { return half && t.defined() ? t.to(float32) : t; };
  Tensors wide_weights;
  for (const Tensor& w : weights) wide_weights.push_back(wide(w));
  RecurrentResult out = run_layers(rule, wide(sequence), wide(begin_h), wide(begin_c), wide_weights, o);
  for (Tensor* t : {&out.output, &out.h, &out.c}) {
    if (!t->defined()) continue;
    if (half) *t = t->to(x.dtype());
    if (single) *t = t->squeeze(1);
  }
  if (o.batch_first && !single) out.output = out.output.transpose(0, 1);
  return out;
}

}  // namespace

RecurrentResult lstm(const Tensor& x, const Tensor& h, const Tensor& c, const Tensors& weights,
                     const RecurrentOptions& options) {
  return recurrent(lstm_rule, x, h, c, weights, options);
}
RecurrentResult gru(const Tensor& x, const Tensor& h, const Tensors& weights,
                    const RecurrentOptions& options) {
  return recurrent(gru_rule, x, h, {}, weights, options);
}
RecurrentResult rnn_tanh(const Tensor& x, const Tensor& h, const Tensors& weights,
                         const RecurrentOptions& options) {
  return recurrent(tanh_rule, x, h, {}, weights, options);
}
RecurrentResult rnn_relu(const Tensor& x, const Tensor& h, const Tensors& weights,
                         const RecurrentOptions& options) {
  return recurrent(relu_rule, x, h, {}, weights, options);
}

namespace nn {

Recurrent::Recurrent(const char* kind, std::int64_t gates, std::int64_t in, std::int64_t hidden,
                     const RecurrentOptions& o, DType type)
    : input_size(in), hidden_size(hidden), options(o), dtype(type) {
  if (in < 1 || hidden < 1 || o.num_layers < 1) {
    fail(kind, "input_size, hidden_size and num_layers must be positive, {}, {} and {} were given", in,
         hidden, o.num_layers);
  }
  numel({gates, hidden, hidden, 2});  // before products of them are taken
  if (!(o.dropout >= 0 && o.dropout <= 1)) {
    fail(kind, "dropout should be a number in range [0, 1], {} was given", o.dropout);
  }
  const double bound = 1 / std::sqrt(static_cast<double>(hidden));
  const std::int64_t directions = o.bidirectional ? 2 : 1;
  for (std::int64_t layer = 0; layer < o.num_layers; ++layer) {
    for (std::int64_t way = 0; way < directions; ++way) {
      const std::string end = "_l" + std::to_string(layer) + (way == 1 ? "_reverse" : "");
      const auto add = [&](const char* name, const Shape& shape) {
        all_.push_back(&parameter(name + end, init::uniform_(empty(shape, type), -bound, bound)));
      };
      add("weight_ih", {gates * hidden, layer == 0 ? in : directions * hidden});
      add("weight_hh", {gates * hidden, hidden});
      if (!o.bias) continue;
      add("bias_ih", {gates * hidden});
      add("bias_hh", {gates * hidden});
    }
  }
}

RecurrentOptions Recurrent::now() const {
  RecurrentOptions o = options;
  o.training = is_training();
  return o;
}

Tensors Recurrent::weights() const {
  Tensors out;
  for (const Tensor* t : all_) out.push_back(*t);
  return out;
}

RecurrentResult GRU::run(const Tensor& x, const Tensor& h, const Tensor& c) {
  if (c.defined()) fail("gru", "there is no state c");
  return gru(x, h, weights(), now());
}

RNN::RNN(std::int64_t in, std::int64_t hidden, std::string_view nonlinearity, const RecurrentOptions& o,
         DType type)
    : Recurrent("rnn", 1, in, hidden, o, type), relu_(nonlinearity == "relu") {
  if (!relu_ && nonlinearity != "tanh") fail("rnn", "\"{}\" is not tanh or relu", nonlinearity);
}

RecurrentResult RNN::run(const Tensor& x, const Tensor& h, const Tensor& c) {
  if (c.defined()) fail("rnn", "there is no state c");
  return relu_ ? rnn_relu(x, h, weights(), now()) : rnn_tanh(x, h, weights(), now());
}

}  // namespace nn
}  // namespace wick
