#pragma once

#include "tclext/binding/command.h"

// One function an area, each in the file of its name.
namespace commands {

const binding::Area& creation();
const binding::Area& tensor();
const binding::Area& math();
const binding::Area& statistics();
const binding::Area& manipulation();
const binding::Area& linalg();
const binding::Area& activation();
const binding::Area& padding();
const binding::Area& layers();
const binding::Area& pooling();
const binding::Area& transformer();
const binding::Area& loss();
const binding::Area& optim();
const binding::Area& training();
const binding::Area& random();
const binding::Area& autograd();
const binding::Area& distributed();
const binding::Area& sparse_tensors();
const binding::Area& quantization();
const binding::Area& runtime();
const binding::Area& signal();
const binding::Area& vision();
const binding::Area& formulas();
const binding::Area& data_files();
const binding::Area& handles();

std::vector<const binding::Area*> areas();

}  // namespace commands
