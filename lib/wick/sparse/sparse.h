#pragma once

// Sparse tensors: how they are made and what there is of them, and functions of them.

#include "wick/sparse/functions.h"
#include "wick/sparse/sparse_tensor.h"
