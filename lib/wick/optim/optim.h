#pragma once

// Optimizers, schedules of their learning rates, and the scaler of losses.

#include "wick/optim/grad_scaler.h"
#include "wick/optim/optimizers.h"
#include "wick/optim/scheduler.h"
