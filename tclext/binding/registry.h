#pragma once

#include <string_view>
#include <vector>

#include "tclext/binding/command.h"

namespace binding {

// All commands of the extension, made once for the process.
class Registry {
 public:
  explicit Registry(const std::vector<const Area*>& areas);

  const std::vector<const Area*>& areas() const { return areas_; }
  const std::vector<Binding>& bindings() const { return bindings_; }
  // By any of its names, with or without a leading torch::; null when there is none.
  const Binding* find(std::string_view name) const;
  // Creates the commands in the namespace ::torch of an interpreter.
  void install(Tcl_Interp* interp, State& state) const;

 private:
  std::vector<const Area*> areas_;
  std::vector<Binding> bindings_;
};

// The registry that the module was loaded with.
const Registry& registry();

}  // namespace binding
