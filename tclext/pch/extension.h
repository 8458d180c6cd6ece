// Precompiled for the sources of the extension: what nearly all of them include. A source still names what it
// uses.
#include "tclext/binding/command.h"
#include "tclext/binding/convert.h"
#include "wick/wick.h"
