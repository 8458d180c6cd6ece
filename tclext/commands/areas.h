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
const binding::Area& training();
const binding::Area& loss();
const binding::Area& autograd();
const binding::Area& random();
const binding::Area& optim();
const binding::Area& distributed();
const binding::Area& sparse_tensors();
const binding::Area& quantization();
const binding::Area& runtime();
const binding::Area& handles();
const binding::Area& signal();
const binding::Area& vision();
const binding::Area& transformer();

std::vector<const binding::Area*> areas();

}  // namespace commands
