#pragma once

#include "wick/core/tensor.h"

namespace WICK_API wick {

// The covariance matrix of the rows of x (variables, observations), or the variance of a 1-d x, 0-d: the mean
// over the observations of (x_i - mean_i) conj(x_j - mean_j), with n - correction in place of n. Each
// observation counts fweights times (integers) and weighs aweights (not negative); with aweights n is the sum
// w of their products with fweights, and the correction is multiplied by sum(w aweights) / sum(w), as in
// NumPy. Computed in double precision; floating point and complex dtypes are kept, integers give float32. NaN
// or infinite when n - correction is not above 0. Differentiable with respect to x.
Tensor cov(const Tensor& x, std::int64_t correction = 1, const Tensor& fweights = {},
           const Tensor& aweights = {});

// The correlations cov_ij / sqrt(cov_ii cov_jj), of real tensors between -1 and 1. 1 for a 1-d x.
Tensor corrcoef(const Tensor& x);

}  // namespace wick
