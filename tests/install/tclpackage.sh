#!/bin/sh
# The installed Tcl package is loaded from where it was installed, from a copy, through a link, and by its file alone.
# The functions are called through check.
# shellcheck disable=SC2317
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
. "$here/common.sh"
stage

package=$(echo "$root/$LIBDIR"/tcltk/torch*)
library=$(echo "$package"/lib*torchtcl.so)
file=$(basename "$library")

# run HOW: whatever way the commands came in, they gather a matrix and give its numbers back.
run() {
  env -u TCLLIBPATH "$TCLSH" "$here/package.tcl" "$@"
}

copied() {
  mkdir -p "$work/a copy" && cp -R "$package" "$work/a copy/" && run require "$work/a copy"
}

linked() {
  mkdir -p "$work/links" && ln -s "$package" "$work/links/torch" && run require "$work/links"
}

linked_library() {
  mkdir -p "$work/one" && ln -s "$library" "$work/one/$file" && run load "$work/one/$file"
}

in_its_directory() {
  cd "$package" && run load "$file"
}

on_the_library_path() {
  LD_LIBRARY_PATH=$package run load "$file"
}

# A library copied away from everything else that was installed.
alone() {
  mkdir -p "$work/alone" && cp "$library" "$work/alone/" && mv "$root" "$root.away" || return
  run load "$work/alone/$file"
  code=$?
  mv "$root.away" "$root" && return "$code"
}

exports_little() {
  exported=$(nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ && $2 !~ /[uVW]/ {print $3}' | grep -v '^_\(init\|fini\)$')
  echo "$exported"
  [ "$(echo $exported)" = 'Torchtcl_Init Torchtcl_SafeInit' ]
}

if [ ! -e "$library" ]; then
  skip 'the Tcl package' 'built without the Tcl extension'
  finish
fi
check 'package require, as installed' run require "$root/$LIBDIR/tcltk"
check 'package require, copied to another directory' copied
check 'package require, through a link to the directory' linked
check 'load, through a link to the file' linked_library
check "load $file in its directory" in_its_directory
check "load $file on the library path" on_the_library_path
check 'load of a copy, with nothing else there' alone
check "$file needs no framework" needs_no_framework "$library"
check "$file exports its entry points only" exports_little
if [ "$DEBUG" = true ]; then
  skip 'libraries loaded are small' 'built with debugging information'
else
  check 'libraries loaded are small' run size "$root/$LIBDIR/tcltk" 15000000
fi
finish
