#!/bin/sh
# Short programs, written as users of PyTorch's C++ interface write them, are built against an installed tree and run:
# each prints what stands in the file of the same name.
# The functions are called through check.
# shellcheck disable=SC2317
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
. "$here/common.sh"
stage

export LD_LIBRARY_PATH="$root/$LIBDIR"
export TMPDIR="$work"  # what programs save is theirs alone
programs=$here/../programs

wick_flags() {
  PKG_CONFIG_LIBDIR="$root/$LIBDIR/pkgconfig" pkg-config --define-variable=prefix="$root" "$@" wick
}

# The headers are read once where the compiler takes <wick/wick.h> precompiled, as GCC does.
precompile() {
  mkdir -p "$work/precompiled/wick"
  # The flags are words to be split.
  # shellcheck disable=SC2046
  $CXX -std=c++20 -Wall -Wextra -x c++-header $(wick_flags --cflags) "$root/include/wick/wick.h" \
    -o "$work/precompiled/wick/wick.h.gch"
}

prints_the_same() {
  # shellcheck disable=SC2046
  $CXX -std=c++20 -Wall -Wextra -Werror -I"$work/precompiled" $(wick_flags --cflags) "$programs/$1.cpp" -o "$work/$1" \
    $(wick_flags --libs) || return
  "$work/$1" >"$work/$1.txt" && diff -u "$programs/$1.txt" "$work/$1.txt"
}

example() {
  # shellcheck disable=SC2046
  $CXX -std=c++20 -Wall -Wextra -Werror -I"$work/precompiled" $(wick_flags --cflags) "$programs/../../docs/examples/$1.cpp" \
    -o "$work/$1" $(wick_flags --libs) && "$work/$1"
}

if [ -e "$root/$LIBDIR/libwick.so" ]; then
  precompile >/dev/null 2>&1 || rm -rf "$work/precompiled"
  for source in "$programs"/*.cpp; do
    name=$(basename "$source" .cpp)
    check "$name" prints_the_same "$name"
  done
  for name in kmeans pca kalman convolution; do check "the example $name" example "$name"; done
else
  skip 'programs' 'built without the shared library'
fi
finish
