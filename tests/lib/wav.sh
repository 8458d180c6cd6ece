#!/bin/sh
# wav.sh PYTHON PROGRAM SCRIPT: SciPy reads what wick has written. Without SciPy the test is skipped.
"$1" -c 'import scipy.io.wavfile' 2>/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
WICK_WAV_FOLDER=$folder "$2" -tc='wav: files for SciPy to check' >"$folder/log" || { cat "$folder/log"; exit 1; }
"$1" -W ignore "$3" -check "$folder"
