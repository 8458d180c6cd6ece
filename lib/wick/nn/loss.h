#pragma once

#include "wick/core/tensor.h"

// Losses: how far a prediction is from what it should be, with the names and the meaning of
// torch.nn.functional. Predictions and targets are broadcast to each other and promoted to one dtype, which
// is floating point (DTypeError for others), unless it says otherwise. All are differentiable, twice, with
// respect to every floating point argument but the weights of classes. Sums are taken in float64.

namespace WICK_API wick {

// What becomes of the losses of elements or examples: they stay, or 0-d their mean, which is NaN of none at
// all, their sum, or their sum over the size of the first dimension.
enum class Reduction { None, Mean, Sum, BatchMean };

// --- Of each element, with d = input - target.

// |d|; also of integers, but for their mean, and of complex numbers.
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean);
// d^2
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean);
// d^2 / (2 beta) where |d| < beta, else |d| - beta / 2. Error for a negative beta.
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean,
                      double beta = 1);
// d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2). Error unless delta > 0.
Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean,
                  double delta = 1);

// target (log(target) - input), 0 where the target is 0: the divergence of the distribution with the
// logarithms `input` from `target`, of which log_target says that it holds logarithms as well.
Tensor kl_div(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean,
              bool log_target = false);

// -w (t log(x) + (1 - t) log(1 - x)) of a probability x and a wanted one t, the logarithms not below -100.
// The weights are broadcast to the input, and the mean is over the number of elements whatever they are.
// Error for an input outside of [0, 1]; ShapeError unless input and target have one shape; DTypeError for an
// integer target.
Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight = {},
                            Reduction reduction = Reduction::Mean);
// The same of x = sigmoid(input), exact for every input. `pos_weight`, broadcast, is a factor of t log(x).
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target, const Tensor& weight = {},
                                        const Tensor& pos_weight = {}, Reduction reduction = Reduction::Mean);

// log(1 + exp(-target input)), the target being 1 or -1.
Tensor soft_margin_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::Mean);
// The input where the target is 1, max(0, margin - input) where it is -1; elsewhere both together.
Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, double margin = 1,
                            Reduction reduction = Reduction::Mean);
// max(0, margin - target (input1 - input2)), the target being 1 or -1.
Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           double margin = 0, Reduction reduction = Reduction::Mean);

// exp(x) - t x for a count t and the logarithm x of its expectation; without log_input x - t log(x + eps) for
// the expectation itself. `full` adds Stirling's t log(t) - t + log(2 pi t) / 2 where t > 1.
Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, bool log_input = true, bool full = false,
                        double eps = 1e-8, Reduction reduction = Reduction::Mean);
// (log(v) + d^2 / v) / 2 with v = max(var, eps), and log(2 pi) / 2 with `full`.
Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& var, bool full = false,
                         double eps = 1e-6, Reduction reduction = Reduction::Mean);

// --- Of each vector along the last dimension.

// With c the cosine of the angle between the vectors, 1e-12 added to their squared lengths: 1 - c where the
// target is 1, max(0, c - margin) where it is -1, else 0. Vectors (D) or (N, D), targets 0-d or (N).
Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             double margin = 0, Reduction reduction = Reduction::Mean);

// max(0, |anchor - positive| - |anchor - negative| + margin), with the p-norm of differences to each element
// of which eps was added. With `swap` the distance of the positive from the negative counts if it is smaller.
Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           double margin = 1, double p = 2, double eps = 1e-6, bool swap = false,
                           Reduction reduction = Reduction::Mean);

// 1 - cosine of the angle; the 2-norm of the difference, with or without 1e-6 added to its elements.
enum class Distance { Cosine, Pairwise, Euclidean };
Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         Distance distance = Distance::Euclidean, double margin = 1,
                                         Reduction reduction = Reduction::Mean);

// --- Of classes. Class numbers are int64 (DTypeError), IndexError for one outside of [0, C - 1].

// -w[y] x[y], for the class y of each example: x (N, C), (C) or (N, C, d1, ...), y of x's shape without C,
// weights (C). The mean is over the sum of the weights of the targets. What has the class ignore_index does
// not count.
Tensor nll_loss(const Tensor& input, const Tensor& target, const Tensor& weight = {},
                Reduction reduction = Reduction::Mean, std::int64_t ignore_index = -100);
// The same of log_softmax(input). The target may also hold the probabilities of the classes: then it has the
// input's shape and a floating point dtype, and the mean is over the examples. Label smoothing s, from 0 to
// 1, moves the share s of each target evenly to all classes.
Tensor cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight = {},
                     Reduction reduction = Reduction::Mean, std::int64_t ignore_index = -100,
                     double label_smoothing = 0);

// -alpha (1 - p)^gamma log(max(p, 1e-8)) with the softmax p, along the last dimension, of the target's class.
// The target has the input's shape without that dimension, and any dtype: it is cut to whole numbers.
Tensor focal_loss(const Tensor& input, const Tensor& target, double alpha = 1, double gamma = 2,
                  Reduction reduction = Reduction::Mean);

// sum over classes i other than y of w[y] max(0, margin - x[y] + x[i])^p / C, with p 1 or 2. x (N, C) or (C),
// y (N) or one element.
Tensor multi_margin_loss(const Tensor& input, const Tensor& target, std::int64_t p = 1, double margin = 1,
                         const Tensor& weight = {}, Reduction reduction = Reduction::Mean);
// A row of the target, which has the input's shape, (N, C) or (C), lists the classes of an example up to the
// first -1: the sum of max(0, 1 - x[j] + x[i]) / C over each j of these and each other class i.
Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target,
                              Reduction reduction = Reduction::Mean);
// The mean over the last dimension of binary_cross_entropy_with_logits, times the weights of classes.
Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target, const Tensor& weight = {},
                                   Reduction reduction = Reduction::Mean);

// --- Of regions: s = sigmoid(input) against targets of 0 and 1, over all elements together. Shapes may
// differ where the numbers of elements do not. 0-d, of shape {1} with Reduction::None.

// 1 - (2 sum(s t) + smooth) / (sum(s) + sum(t) + smooth)
Tensor dice_loss(const Tensor& input, const Tensor& target, double smooth = 1,
                 Reduction reduction = Reduction::Mean);
// 1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth) with TP = sum(s t), FP = sum(s (1 - t)) and FN =
// sum((1 - s) t).
Tensor tversky_loss(const Tensor& input, const Tensor& target, double alpha = 0.7, double beta = 0.3,
                    double smooth = 1, Reduction reduction = Reduction::Mean);

}  // namespace wick
