#pragma once

#include "tclext/binding/tclapi.h"

namespace binding {

// From now on the error for a command in the namespace torch that does not exist says which one may have been
// meant. The handler of unknown commands that the global namespace has, Tcl's or the program's own, is called
// as before; the words are added when it has failed with Tcl's message. Twice is once.
void suggest_commands(Tcl_Interp* interp);

}  // namespace binding
