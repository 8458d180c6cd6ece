#pragma once

// Modules, initial values, losses, and what is done with gradients before a step.

#include "wick/nn/clip.h"
#include "wick/nn/container.h"
#include "wick/nn/distributed_data_parallel.h"
#include "wick/nn/dropout.h"
#include "wick/nn/init.h"
#include "wick/nn/linear.h"
#include "wick/nn/loss.h"
#include "wick/nn/module.h"
