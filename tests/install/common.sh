# Sourced by the tests of this folder, which report in TAP. Meson passes, in the environment: BUILD (the build directory),
# PREFIX and LIBDIR (where it installs), MESON, CXX and, where they were found, CMAKE and TCLSH.
# shellcheck shell=sh

set -u
number=0
failures=0
work=$(mktemp -d "${TMPDIR:-/tmp}/wick-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# check WHAT COMMAND...: one test; what the command printed is shown when it fails.
check() {
  what=$1
  shift
  number=$((number + 1))
  if "$@" >"$work/output" 2>&1; then
    echo "ok $number - $what"
  else
    echo "not ok $number - $what"
    sed 's/^/# /' "$work/output"
    failures=$((failures + 1))
  fi
}

skip() {
  number=$((number + 1))
  echo "ok $number - $1 # SKIP $2"
}

finish() {
  echo "1..$number"
  [ "$failures" -eq 0 ]
  exit
}

# Installs into $stage, as a package would be made, and moves the tree to $root, where nothing has heard of PREFIX.
stage() {
  stage=$work/stage
  root=$work/root
  env -u DESTDIR "$MESON" install -C "$BUILD" --no-rebuild --quiet --destdir "$stage" || {
    echo "Bail out! meson install failed"
    exit 1
  }
  mv "$stage$PREFIX" "$root"
}

# What a library needs at run time, indirectly too, names no framework and no linear algebra library.
needs_no_framework() {
  needed=$(ldd "$1") || return
  echo "$needed"
  case $needed in *'not found'*) return 1 ;; esac
  ! echo "$needed" | awk '{print $1}' |
    grep -E '(^|/)lib(torch|c10|caffe|(open|c|f|s|g|at)?blas|lapack|atlas|mkl|blis|flexiblas)'
}
