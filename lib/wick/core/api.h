#pragma once

// What a program may use of the shared library stands in `namespace WICK_API wick`, which exports the classes
// and functions declared in it; all that stands in a plain `namespace wick` stays inside of the library.
// Sources that are compiled for an instruction-set level (half.h) export nothing.
// WICK_FRIEND stands before the friends of a class and before instantiations of templates, whose declarations
// take attributes in the older form alone.
#if defined(__GNUC__) && !defined(WICK_LEVEL)
#define WICK_API [[gnu::visibility("default")]]
#define WICK_FRIEND __attribute__((visibility("default")))
#else
#define WICK_API
#define WICK_FRIEND
#endif
