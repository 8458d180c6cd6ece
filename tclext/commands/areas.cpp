#include "tclext/commands/areas.h"

std::vector<const binding::Area*> commands::areas() {
  return {&creation(),    &tensor(),      &math(),           &statistics(),   &manipulation(),
          &linalg(),      &activation(),  &padding(),        &layers(),       &pooling(),
          &transformer(), &loss(),        &optim(),          &training(),     &random(),
          &autograd(),    &distributed(), &sparse_tensors(), &quantization(), &runtime(),
          &signal(),      &vision(),      &formulas(),       &data_files(),   &handles()};
}
