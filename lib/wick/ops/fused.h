#pragma once

// Private: chains of operations on elements, computed block by block.
//
//   fused::Chain chain;                                   // sqrt(a * a + 2)
//   const int a = chain.input(x);
//   const int sum = chain.apply(Binary::Add, chain.apply(Binary::Mul, a, a), chain.number(2));
//   const Tensor y = chain.run(chain.apply(Unary::Sqrt, sum));
//
// Each block stays in cache from the first operation to the last, so that memory is read once for each input
// and written once, and nothing of full size is made in between. The kernels are those of the functions of
// the same names, so the bits are too. Nothing is recorded.

#include <vector>

#include "wick/core/tensor.h"
#include "wick/kernels/table.h"

namespace wick::fused {

class Chain {
 public:
  // Of these an input, a number or an operation is known by what the function that adds it returns. All
  // inputs are contiguous, of one shape, and float32 or float64 alike.
  int input(const Tensor& x);
  int number(double value);
  // `cost`: work of an element in additions.
  int apply(kernels::Unary op, int x, int cost = 1);
  int apply(kernels::Binary op, int x, int y, int cost = 1);

  // What `value`, an operation, gives: a new tensor. Error without inputs; DTypeError for an operation that
  // is not defined for the inputs' dtype.
  Tensor run(int value) const;

 private:
  struct Value {
    enum class Kind { Input, Number, Operation } kind;
    std::size_t input = 0;
    double number = 0;
    bool unary = false;
    int op = 0;
    int x = -1, y = -1;
  };
  struct Plan;
  Plan plan(int value) const;
  int add(const Value& value);

  std::vector<Value> values_;
  Tensors inputs_;
  int cost_ = 0;
};

}  // namespace wick::fused
