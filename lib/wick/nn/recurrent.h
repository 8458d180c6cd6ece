#pragma once

#include <string_view>
#include <vector>

#include "wick/nn/module.h"

// Recurrent nets, with the names and the meaning of torch.nn.LSTM, GRU and RNN. Half precision is computed in
// float32. All are differentiable, twice, with respect to input, states and weights.

namespace WICK_API wick {

struct RecurrentOptions {
  std::int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;    // input and output are (N, L, ...) in place of (L, N, ...)
  double dropout = 0;          // in training, between a layer and the next
  bool bidirectional = false;  // a second direction, backwards in time, whose output stands beside
  bool training = false;       // of the functions; modules go by their own
};

// With D directions: output (L, N, D H), the state h of the last layer at all times; h (layers D, N, H), that
// of each layer and direction behind its last step; c as well, undefined but for the LSTM. Without the
// dimension N if the input has none.
struct RecurrentResult {
  Tensor output, h, c;
};

// x (L, N, in), or (L, in) for a single sequence; states (layers D, N, H), undefined for zeros. The weights
// are, for each layer and in it for each direction, W_ih (gates H, in), W_hh (gates H, H) and, with a bias,
// b_ih and b_hh (gates H); the input of a further layer is D H wide. With a = W_ih x + b_ih + W_hh h + b_hh:
//   lstm      gates i, f, g, o: c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c')
//   gru       gates r, z, n: n = tanh(W_in x + b_in + sigmoid(r) (W_hn h + b_hn)), h' = n + sigmoid(z) (h -
//   n) rnn_tanh  h' = tanh(a) rnn_relu  h' = max(a, 0)
// ShapeError for what does not fit and for sequences without a step, DTypeError unless all have one dtype,
// Error for a dropout outside of [0, 1].
RecurrentResult lstm(const Tensor& x, const Tensor& h, const Tensor& c, const Tensors& weights,
                     const RecurrentOptions& options = {});
RecurrentResult gru(const Tensor& x, const Tensor& h, const Tensors& weights,
                    const RecurrentOptions& options = {});
RecurrentResult rnn_tanh(const Tensor& x, const Tensor& h, const Tensors& weights,
                         const RecurrentOptions& options = {});
RecurrentResult rnn_relu(const Tensor& x, const Tensor& h, const Tensors& weights,
                         const RecurrentOptions& options = {});

namespace nn {

// What recurrent modules have in common: the parameters weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0,
// with _reverse those of the second direction, then those of layer 1, ... All are drawn uniformly from
// +-1 / sqrt(hidden_size), in this order. forward(x) begins with states of zeros and gives the output.
class Recurrent : public Module {
 public:
  Tensor forward(const Tensor& x) override { return run(x, {}, {}).output; }
  // From given states on, undefined ones are zeros; c is that of the LSTM.
  virtual RecurrentResult run(const Tensor& x, const Tensor& h, const Tensor& c) = 0;
  // How many there are: h, and c of the LSTM.
  virtual int states() const { return 1; }

  std::int64_t input_size, hidden_size;
  RecurrentOptions options;
  DType dtype;  // that the module was made with

 protected:
  Recurrent(const char* kind, std::int64_t gates, std::int64_t input_size, std::int64_t hidden_size,
            const RecurrentOptions& options, DType dtype);
  // The options with the mode that the module is in.
  RecurrentOptions now() const;
  Tensors weights() const;

 private:
  std::vector<const Tensor*> all_;
};

class LSTM : public Recurrent {
 public:
  LSTM(std::int64_t in, std::int64_t hidden, const RecurrentOptions& o = {}, DType type = float32)
      : Recurrent("lstm", 4, in, hidden, o, type) {}
  RecurrentResult run(const Tensor& x, const Tensor& h = {}, const Tensor& c = {}) override {
    return lstm(x, h, c, weights(), now());
  }
  int states() const override { return 2; }
  const char* kind() const override { return "lstm"; }
};

class GRU : public Recurrent {
 public:
  GRU(std::int64_t in, std::int64_t hidden, const RecurrentOptions& o = {}, DType type = float32)
      : Recurrent("gru", 3, in, hidden, o, type) {}
  // Error for a c.
  RecurrentResult run(const Tensor& x, const Tensor& h = {}, const Tensor& c = {}) override;
  const char* kind() const override { return "gru"; }
};

// Nonlinearity "tanh" or "relu"; Error for another.
class RNN : public Recurrent {
 public:
  RNN(std::int64_t in, std::int64_t hidden, std::string_view nonlinearity = "tanh",
      const RecurrentOptions& options = {}, DType type = float32);
  // Error for a c.
  RecurrentResult run(const Tensor& x, const Tensor& h = {}, const Tensor& c = {}) override;
  const char* kind() const override { return "rnn"; }

 private:
  bool relu_;
};

}  // namespace nn
}  // namespace wick
