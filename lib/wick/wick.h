#pragma once

// Everything but wick/eigen.h.

#include "wick/activation.h"
#include "wick/allocator.h"
#include "wick/autograd/gradient.h"
#include "wick/creation.h"
#include "wick/distributed/distributed.h"
#include "wick/elementwise.h"
#include "wick/functions.h"
#include "wick/gather.h"
#include "wick/indexing.h"
#include "wick/linalg.h"
#include "wick/order.h"
#include "wick/padding.h"
#include "wick/parallel.h"
#include "wick/random.h"
#include "wick/reduction.h"
#include "wick/scan.h"
#include "wick/sort.h"
#include "wick/tensor.h"
#include "wick/views.h"
