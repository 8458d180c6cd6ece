#!/bin/sh
# weak_symbols.sh ARCHIVE...: the kernels of an instruction-set level share no inline function with the rest. Of the weak
# definitions of one name the linker keeps any one for everybody, and one compiled for a level would stop older processors.
number=0
failures=0
for archive in "$@"; do
  level=${archive##*_kernels_}
  level=${level%%_*}
  number=$((number + 1))
  if ! symbols=$(nm --defined-only -C "$archive"); then
    echo "not ok $number - $level: nm failed"
    failures=$((failures + 1))
    continue
  fi
  own=$(echo "$symbols" | grep -c " [TVWu] .*wick::$level::")
  # The only data shared by all: the pointer to the routine that unwinds the stack.
  foreign=$(echo "$symbols" | grep -E '^[0-9a-f]+ [VvWwu] ' | grep -vE "wick::$level::|DW\.ref\.__gxx_personality" |
    sort -u)
  if [ "$own" -eq 0 ]; then
    echo "not ok $number - $level: no symbol of the level found"
    failures=$((failures + 1))
  elif [ -n "$foreign" ]; then
    echo "not ok $number - $level: weak symbols that other code shares"
    echo "$foreign" | cut -c1-300 | sed 's/^/# /'
    failures=$((failures + 1))
  else
    echo "ok $number - $level: no weak symbol outside of its own ($own of its own)"
  fi
done
echo "1..$number"
[ "$failures" -eq 0 ] && [ "$number" -gt 0 ]
