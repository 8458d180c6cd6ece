#!/bin/sh
# The surface description is kept in a directory of its own, of which this one is a copy. Where that stands beside the
# checkout, says whether the copy is behind; that is no failure.
here=$(cd "$(dirname "$0")" && pwd)
original=$here/../../../shared/surface
if [ ! -d "$original" ]; then
  echo 'no ../shared/surface beside the checkout to compare with'
  exit 77
fi
behind=0
for file in $(cd "$original" && find . -type f); do
  if ! cmp -s "$original/$file" "$here/$file"; then
    echo "warning: tests/surface/${file#./} is behind ../shared/surface"
    behind=$((behind + 1))
  fi
done
echo "$behind files of tests/surface are behind ../shared/surface"
