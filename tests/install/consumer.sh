#!/bin/sh
# A program of somebody else's is built against an installed tree, through pkg-config and through CMake, and run.
# The functions are called through check.
# shellcheck disable=SC2317
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
. "$here/common.sh"
stage

export LD_LIBRARY_PATH="$root/$LIBDIR"
eigen=$(pkg-config --cflags eigen3 2>/dev/null)

# wick_flags TREE OPTION...: the tree was installed for PREFIX and now stands elsewhere.
wick_flags() {
  tree=$1
  shift
  PKG_CONFIG_LIBDIR="$tree/$LIBDIR/pkgconfig" pkg-config --define-variable=prefix="$tree" "$@" wick
}

pkg_config_shared() {
  # The flags are words to be split.
  # shellcheck disable=SC2046,SC2086
  $CXX -std=c++20 -Wall -Wextra -Werror $(wick_flags "$root" --cflags) $eigen "$here/consumer/main.cpp" -o "$work/shared" \
    $(wick_flags "$root" --libs) || return
  ldd "$work/shared" | grep -F "$root/$LIBDIR/libwick.so" && "$work/shared"
}

# Of a tree that has both libraries the linker takes the shared one.
pkg_config_static() {
  cp -R "$root" "$root.static" && rm -f "$root.static/$LIBDIR"/libwick.so* || return
  flags=$(wick_flags "$root.static" --cflags --libs --static) || return
  # shellcheck disable=SC2086
  $CXX -std=c++20 $eigen "$here/consumer/main.cpp" -o "$work/static" $flags && no_libwick "$work/static" && "$work/static"
}
no_libwick() { ! ldd "$1" | grep libwick; }

without_eigen() {
  # shellcheck disable=SC2046
  $CXX -std=c++20 $(wick_flags "$root" --cflags) "$here/consumer/main.cpp" -o "$work/plain" $(wick_flags "$root" --libs) || return
  "$work/plain" >"$work/plain.out" && grep 'eigen no' "$work/plain.out"
}

# Examples of the documentation; they fail when the network has not learnt enough.
digits_are_learnt() {
  examples=$here/../../docs/examples
  for example in digits_mlp digits_cnn; do
    # shellcheck disable=SC2046
    $CXX -std=c++20 -O2 -Wall -Wextra -Werror $(wick_flags "$root" --cflags) "$examples/$example.cpp" -o "$work/$example" \
      $(wick_flags "$root" --libs) && "$work/$example" "$examples/digits.npy" || return
  done
}

tcl_path_is_told() {
  [ "$(wick_flags "$root" --variable=tcl_pkg_path)" = "$root/$LIBDIR/tcltk" ]
}

# with_cmake TARGET NEEDED: whether the program needs libwick.so at run time is part of the check.
with_cmake() {
  built=$work/cmake-$2
  "$CMAKE" -G Ninja -S "$here/consumer" -B "$built" -DCMAKE_PREFIX_PATH="$root" -DCMAKE_CXX_COMPILER="${CXX##* }" \
    -DCONSUMER_TARGET="$1" -DCMAKE_BUILD_TYPE=Release && "$CMAKE" --build "$built" || return
  if no_libwick "$built/consumer"; then needed=static; else needed=shared; fi
  [ "$needed" = "$2" ] && env -u LD_LIBRARY_PATH "$built/consumer"
}

# cmake_version ASKED: find_package with that version succeeds.
cmake_version() {
  mkdir -p "$work/version"
  printf '%s\n' 'cmake_minimum_required(VERSION 3.16)' 'project(version LANGUAGES CXX)' "find_package(wick $1 REQUIRED)" \
    >"$work/version/CMakeLists.txt"
  "$CMAKE" -G Ninja -S "$work/version" -B "$work/version/built" -DCMAKE_PREFIX_PATH="$root" \
    -DCMAKE_CXX_COMPILER="${CXX##* }"
}
not() { ! "$@"; }

if [ -e "$root/$LIBDIR/libwick.so" ]; then
  check 'pkg-config, shared' pkg_config_shared
  check 'without Eigen' without_eigen
  check 'the network of the example learns' digits_are_learnt
  check 'libwick.so needs no framework' needs_no_framework "$root/$LIBDIR/libwick.so"
else
  skip 'pkg-config, shared' 'built without the shared library'
fi
if [ -e "$root/$LIBDIR/libwick.a" ]; then
  check 'pkg-config, static' pkg_config_static
else
  skip 'pkg-config, static' 'built without the static library'
fi
if [ -n "${TCLSH:-}" ]; then check 'pkg-config tells where the Tcl package is' tcl_path_is_told; fi

if [ -z "${CMAKE:-}" ]; then
  skip 'CMake' 'cmake is not there'
else
  if [ -e "$root/$LIBDIR/libwick.so" ]; then check 'CMake, shared' with_cmake wick::wick shared; fi
  if [ -e "$root/$LIBDIR/libwick.a" ]; then check 'CMake, static' with_cmake wick::static static; fi
  version=$(wick_flags "$root" --modversion)
  check 'CMake, the version asked for' cmake_version "$version EXACT"
  check 'CMake, a later version is refused' not cmake_version "${version%.*}.999"
  check 'CMake, another series is refused' not cmake_version 9.0
fi
finish
