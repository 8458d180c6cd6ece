#pragma once

#include "wick/kernels/table.h"

namespace wick::kernels {

// With a = W_ih x + b_ih + W_hh h + b_hh, cut into the gates:
enum class Cell {
  LSTM,  // i, f, g, o: c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c')
  GRU,   // r, z, n: n = tanh(W_in x + b_in + sigmoid(r) (W_hn h + b_hn)), h' = n + sigmoid(z) (h - n)
  Tanh,  // h' = tanh(a)
  Relu,  // h' = max(a, 0), NaN stays
  count_
};

// What is left of a step when the products are done, for `batch` rows of `hidden` elements, or of that times
// the number of gates. All is dense.
struct RecurrentStep {
  int64_t batch, hidden;
  // Before the forward pass a, of the GRU without the part of h; behind it the gates behind their functions.
  // The plain cells leave it as it is.
  void* gates;
  const void* recurrent;       // of the GRU: W_hh h
  const void* recurrent_bias;  // of the GRU: b_hh, one row, or null
  void* kept;                  // of the GRU: W_hn h + b_hn, behind the forward pass
  const void* h;               // before the step
  const void* c;
  void* h_next;
  void* c_next;
  // The backward pass: the gradient of h' as a result, or null; and through the next step, which is replaced
  // by the part of that of h that does not go through W_hh; of c', replaced by that of c.
  const void* dy;
  void* dh;
  void* dc;
  void* dgates;      // of a
  void* drecurrent;  // of the GRU: of W_hh h + b_hh
};

struct RecurrentKernels {
  struct Functions {
    void (*forward)(const RecurrentStep& step);
    void (*backward)(const RecurrentStep& step);
  };
  Family<Cell, Functions> functions;  // of float and double
};

}  // namespace wick::kernels
