#!/bin/sh
# npy.sh PYTHON PROGRAM SCRIPT: NumPy reads what wick has written. Without NumPy the test is skipped.
"$1" -c 'import numpy' 2>/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
WICK_NPY_FOLDER=$folder "$2" -tc='npy: files for NumPy to check' >"$folder/log" || { cat "$folder/log"; exit 1; }
"$1" "$3" -check "$folder"
