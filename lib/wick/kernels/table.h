#pragma once

#include <stdint.h>

// The kernels: loops over memory, compiled once for each instruction-set level and picked when the library is
// loaded. This header is all that both sides share. Sources under kernels/ that are compiled for each level
// include nothing of the C++ library and define their functions inside namespace wick::WICK_LEVEL: any inline
// function that two levels shared could be the one that the linker keeps for every processor.

namespace wick::kernels {

inline constexpr int dtypes = 12;  // in the order of wick::DType
inline constexpr int max_operands = 4;

// A two-dimensional piece of an element-wise operation. Operand 0 is the destination; steps are in bytes.
struct Block {
  int64_t n;     // elements of a row
  int64_t rows;  // rows
  char* data[max_operands];
  int64_t step[max_operands];      // from an element to the next
  int64_t row_step[max_operands];  // from a row to the next
};

// `parameters`: what the operation needs besides its operands, see the enumerators; else null.
using Loop = void (*)(const Block& block, const void* parameters);

// Enumerations of kernels end in `count_`.
template <class Op>
inline constexpr int count = static_cast<int>(Op::count_);

// Functions of one operand, and of three numbers, a UnaryParameters, which the comments name a, b and c.
// clang-format off
enum class Unary {
  Neg, Abs, Sign, Exp, Log, Sqrt, Sigmoid, Relu, Tanh, Square, Reciprocal, Rsqrt, Floor, Ceil, Round, Trunc, Frac, BitNot,
  Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Asinh, Acosh, Atanh, Erf, Exp2, Exp10, Expm1, Log2, Log10, Log1p,
  // Activation functions of neural networks.
  Elu,          // a (exp(c x) - 1) up to 0, b x above
  LeakyRelu,    // a x up to 0, x above
  Hardtanh,     // x between a and b
  Threshold,    // x above a, else b
  Hardshrink,   // 0 between -a and a, else x
  Softshrink,   // x moved by a towards 0
  Hardsigmoid,  // (x + 3) / 6 between 0 and 1
  Hardswish,    // x hardsigmoid(x)
  Softplus,     // log(1 + exp(a x)) / a where a x is at most b, else x
  Softsign, Tanhshrink, Silu, Mish, Gelu, GeluTanh,
  NanToNum,     // a in place of NaN, b of infinity, c of minus infinity
  count_
};
// clang-format on

struct UnaryParameters {
  double real[3];
  int64_t integer[3];  // the same for integers
};

// Operations along lines: y = softmax(x), y = log_softmax(x), and their gradients from (gradient of y, y).
enum class Softmax { Value, Log, Gradient, LogGradient, count_ };

// A line is a row of the block, or a column: then columns side by side are done together.
struct LineLoops {
  Loop rows;
  Loop columns;
};

// AddScaled: a + factor * b, where the parameter is the factor, a double or an int64_t as the dtype is. Fmod
// is what a division that rounds towards zero leaves, Remainder what one leaves that rounds down; 0 of
// integers whose divisor is 0. LogAddExp: log(exp(a) + exp(b)).
enum class Binary {
  Add,
  Sub,
  Mul,
  Div,
  AddScaled,
  Maximum,
  Minimum,
  DivTrunc,
  BitAnd,
  BitOr,
  BitXor,
  ShiftLeft,
  ShiftRight,
  Pow,
  Atan2,
  Hypot,
  LogAddExp,
  FloorDivide,
  Remainder,
  Fmod,
  count_
};

// Of operands 1 to 3, x, y and z: x + z (y - x), x + factor y z and x + factor y / z.
enum class Ternary { Lerp, AddCMul, AddCDiv, count_ };

// The factor, for each kind of dtype.
struct TernaryParameters {
  double real = 1, imag = 0;
  int64_t integer = 1;
};

// Results are bool.
enum class Compare { Eq, Ne, Lt, Le, Gt, Ge, count_ };

// Max and Min give NaN when there is one. NanSum: the sum of what is not NaN, of floating point numbers.
// Squares: the sum of them, of real numbers. Deviations: of real numbers from operand 2, a double for each
// result.
enum class Reduce { Sum, Prod, NanSum, Max, Min, Squares, Deviations, count_ };

// Two ways to summarize operand 1 in operand 0.
struct ReduceLoops {
  Loop inner;  // each row in one element: step[0] and step[2] are 0
  Loop outer;  // all rows in one row: row_step[0] and row_step[2] are 0
};

// The parameters of a reduction whose lines lie in one block each: operand 0 gets the results. Sums are
// divided by the divisor, but for those of integers, which are int64, as their products are; `wide` sums of
// real numbers are stored as double. Squares and deviations give double, over the divisor; deviations the sum
// of the squared ones from the mean of `count` elements.
//
// Without parameters operand 0 holds partial results, which the block is added to: in int64 for sums and
// products of integers, float32 of half precision, float64 of float32, complex128 of complex64; in float32
// for maxima of half precision, uint8 of bool; in float64 for squares; for deviations two doubles, the sum of
// them and of their squares.
struct ReduceFinish {
  double divisor = 1;
  double count = 1;
  bool wide = false;
};

// Quantize, Dequantize, Add and Mul by dtype of the levels (uint8, int8, int32), the others by that of the
// elements (float, double).
enum class Quantize {
  Quantize,    // levels, float elements, float scale, int32 zero point: clamp(round(x / scale) + zero_point)
  Dequantize,  // float elements, levels, float scale, int32 zero point
  Add,         // levels, see RequantizeParameters: both dequantized, added, quantized
  Mul,
  // Elements, elements, float scale, zero point of the elements' type, with QuantizeLimits: what comes back
  // from quantizing and dequantizing. x / scale is x times the float reciprocal.
  Fake,         // the zero point a whole number, added after rounding
  FakeShifted,  // added before
  Inside,       // in operand 0 (bool) whether the level of Fake is not clamped
  InsideShifted,
  count_
};

// The largest or smallest of each line, with its position: operand 0 gets the value, operand 1 the position
// (int64) of the first one, or of the first NaN, of operand 2. Rows: step[0] and step[1] are 0; columns:
// row_step[0] and row_step[1] are 0.
enum class Extreme { Max, Min, count_ };

// C = alpha A B + beta C, where A has m rows and k columns, B k rows and n columns.
struct Gemm {
  int64_t m, n, k;
  const void* a;
  const void* b;
  void* c;
  // Elements from a row to the next, and from a column to the next: (ld, 1) is row-major, (1, ld)
  // column-major; any other step is allowed, for C too, as long as its elements lie apart and do not overlap
  // A and B.
  int64_t a_row, a_column, b_row, b_column, c_row, c_column;
  double alpha = 1, beta = 0;  // with beta 0 C is only written; whole numbers where the dtype is an integer
  bool conjugate_a = false, conjugate_b = false;  // complex dtypes
};
// False when memory ran out.
using GemmFunction = bool (*)(const Gemm& arguments);

// The p-norms of the differences of each of n rows of x from each of k rows of y, of m elements, in n rows of
// k elements one after another. Steps are in elements.
struct Distances {
  int64_t n, k, m;
  const void* x;
  const void* y;
  void* out;
  int64_t x_row, x_column, y_row, y_column;
  double p;
};
using DistanceFunction = void (*)(const Distances& arguments);

struct SparseProduct;
struct SampledProduct;
struct MatrixKernels;
struct LossKernels;
struct UpdateKernels;
struct FftKernels;
struct TapsKernels;
struct SamplingKernels;
struct BoxKernels;
struct NormKernels;
struct RecurrentKernels;
struct ConvolutionKernels;
struct PoolKernels;

// The Mersenne twister MT19937, whose state has 624 words.
struct RandomKernels {
  void (*refill)(uint32_t* state);
  void (*temper)(uint32_t* out, const uint32_t* state, int64_t n);  // the numbers of words of the state
};

inline constexpr int copy_sizes = 5;  // elements of 1, 2, 4, 8 and 16 bytes

// The kernels of a family by operation, then dtype; null where an operation is not defined for the dtype.
template <class Op, class Kernel = Loop>
struct Family {
  using Row = Kernel[dtypes];
  Row rows[count<Op>];
  [[gnu::always_inline]] Row& operator[](int op) { return rows[op]; }
  [[gnu::always_inline]] const Row& operator[](int op) const { return rows[op]; }
  [[gnu::always_inline]] Row& operator[](Op op) { return rows[static_cast<int>(op)]; }
  [[gnu::always_inline]] const Row& operator[](Op op) const { return rows[static_cast<int>(op)]; }
};

struct Table {
  const char* level;
  Loop copy[dtypes][dtypes];  // [to][from]; a source step of 0 fills
  // Copies where the destination is dense along a row and the source across rows.
  Loop transpose[copy_sizes];
  // Picks operand 2 where operand 1 (bool) holds, else operand 3; by element size.
  Loop select[copy_sizes];
  Family<Unary> unary;
  // Operand 1, the gradient of the function's result, times the derivative, from operand 2: the argument, or
  // the result of relu, sqrt, sigmoid, tanh, reciprocal, rsqrt, tan, exp2, exp10 and expm1. Null where the
  // derivative is left to other operations.
  Family<Unary> gradient;
  Family<Binary> binary;
  Family<Compare> compare;
  Family<Ternary> ternary;
  // Operand 1, a gradient, times the derivative of operand 2 to the power of operand 3 with respect to
  // operand 2, which is 0 where the exponent is 0.
  Loop pow_gradient[dtypes];
  Loop prelu[dtypes];  // operand 1 where it is above 0, else times operand 2
  Family<Softmax, LineLoops> softmax;
  Family<Reduce, ReduceLoops> reduce;
  Family<Extreme, LineLoops> extreme;
  // (operand 1 - operand 2) * operand 3, of which the last two are double.
  Loop scaled_deviation[dtypes];
  GemmFunction gemm[dtypes];           // all but bool; of half precision C is float32
  DistanceFunction distances[dtypes];  // of float and double
  const MatrixKernels* matrix;         // of float, double and complex double, see matrix.h
  RandomKernels random;
  // Of float, double, int64 and complex dtypes, see sparse.h.
  void (*sparse_product[dtypes])(const SparseProduct& arguments);
  void (*sampled_product[dtypes])(const SampledProduct& arguments);
  Family<Quantize> quantize;
  const FftKernels* fft;                  // see fft.h
  const TapsKernels* taps;                // see taps.h
  const LossKernels* loss;                // see loss.h
  const UpdateKernels* update;            // see update.h
  const SamplingKernels* sampling;        // see sampling.h
  const BoxKernels* boxes;                // see boxes.h
  const NormKernels* normalization;       // see normalization.h
  const RecurrentKernels* recurrent;      // see recurrent.h
  const ConvolutionKernels* convolution;  // see convolution.h
  const PoolKernels* pooling;             // see pooling.h
};

// The table of the best level that this processor has, or of the one that the environment variable
// WICK_KERNELS names ("v2", "v3", "v4").
const Table& table() noexcept;

// For tests: the levels that were built and that this processor can run, and a way to choose one.
int level_count() noexcept;
const char* level_name(int index) noexcept;
void use_level(int index) noexcept;

}  // namespace wick::kernels
