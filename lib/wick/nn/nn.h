#pragma once

// Functions of nets, modules, initial values, losses, and what is done with gradients before a step.

#include "wick/nn/attention.h"
#include "wick/nn/clip.h"
#include "wick/nn/container.h"
#include "wick/nn/convolution.h"
#include "wick/nn/distributed_data_parallel.h"
#include "wick/nn/dropout.h"
#include "wick/nn/embedding.h"
#include "wick/nn/fold.h"
#include "wick/nn/init.h"
#include "wick/nn/linear.h"
#include "wick/nn/loss.h"
#include "wick/nn/module.h"
#include "wick/nn/normalization.h"
#include "wick/nn/pooling.h"
#include "wick/nn/recurrent.h"
#include "wick/nn/transformer.h"
