#pragma once

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tclext/binding/command.h"

namespace binding {

// All commands of the extension, made once for the process.
class Registry {
 public:
  // Throws std::logic_error when a declaration contradicts itself, or two share a name.
  explicit Registry(const std::vector<const Area*>& areas);

  const std::vector<const Area*>& areas() const { return areas_; }
  const std::deque<Binding>& bindings() const { return bindings_; }
  // By any of its names, with or without a leading torch::; null when there is none.
  const Binding* find(std::string_view name) const;
  // Creates the commands in the namespace ::torch of an interpreter, and exports all but those that Tcl has
  // under the same name. A safe interpreter gets those that are not for trusted ones only.
  void install(Tcl_Interp* interp, State& state) const;

 private:
  std::vector<const Area*> areas_;
  std::deque<Binding> bindings_;
  std::unordered_map<std::string_view, const Binding*> by_name_;
};

// The registry that the module was loaded with.
const Registry& registry();

}  // namespace binding
