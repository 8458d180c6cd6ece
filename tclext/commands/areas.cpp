#include "tclext/commands/areas.h"

std::vector<const binding::Area*> commands::areas() {
  return {&creation(), &tensor(), &math(), &activation(), &padding(), &autograd(), &random(), &distributed(), &handles()};
}
