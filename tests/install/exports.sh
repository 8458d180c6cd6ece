#!/bin/sh
# The shared library exports what its public headers declare, and nothing else.
# The functions are called through check.
# shellcheck disable=SC2317
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
. "$here/common.sh"
stage
library=$root/$LIBDIR/libwick.so
headers=$root/include/wick

if [ ! -e "$library" ]; then
  skip 'exported symbols' 'built without the shared library'
  finish
fi
eigen=$(pkg-config --cflags eigen3 2>/dev/null)
nm -DC --defined-only "$library" | cut -d' ' -f3- >"$work/exported"

own_names_only() {
  [ -s "$work/exported" ] && ! grep -vE '^((typeinfo|typeinfo name|vtable|VTT|guard variable) for |construction vtable for )?([^ (]+ )*wick::' "$work/exported"
}

# Every part of every name in namespace wick, parameters' types included, is a word of a public header.
named_in_public_headers() {
  cat "$headers"/*.h "$headers"/*/*.h | sed 's|//.*||' | grep -oE '[A-Za-z_][A-Za-z_0-9]*' | sort -u >"$work/words"
  grep -oE 'wick::[A-Za-z_][A-Za-z_0-9:]*' "$work/exported" | tr ':' '\n' | grep . | sort -u >"$work/parts"
  unknown=$(comm -13 "$work/words" "$work/parts")
  for name in $unknown; do grep -wF "$name" "$work/exported"; done
  [ -s "$work/parts" ] && [ -z "$unknown" ]
}

every_header_is_tried() {
  (cd "$root/include" && find wick -name '*.h') | sort >"$work/installed"
  sed -n 's/^#include <\(wick\/.*\)>$/\1/p' "$here/consumer/headers.cpp" | sort >"$work/tried"
  diff "$work/installed" "$work/tried"
}

# Hidden by default, as many programs are: types of exceptions are exported all the same.
every_header_links() {
  # The flags are words to be split.
  # shellcheck disable=SC2086
  $CXX -std=c++20 -Wall -Wextra -fvisibility=hidden -I"$root/include" $eigen "$here/consumer/headers.cpp" -o "$work/headers" \
    -L"$root/$LIBDIR" -lwick && LD_LIBRARY_PATH=$root/$LIBDIR "$work/headers"
}

# Another compiler's view of attributes, concepts and narrowing.
clang_takes_every_header() {
  # shellcheck disable=SC2086
  clang++ -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I"$root/include" $eigen "$here/consumer/headers.cpp"
}

check 'names of namespace wick only' own_names_only
check 'names of public headers only' named_in_public_headers
check 'every public header is tried' every_header_is_tried
check 'what every public header declares can be linked and caught' every_header_links
if command -v clang++ >/dev/null; then
  check 'clang takes every public header' clang_takes_every_header
else
  skip 'clang takes every public header' 'there is no clang++'
fi
finish
