#!/usr/bin/env bash
# Resolves every requirements.in anew, for all Pythons and systems at once: one resolution, and each other file
# its subset. Needs uv. What is already locked stays as it is; `infra/lock.sh --upgrade` raises it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

compile() { # compile FOLDER/NAME [OPTION...]
  local name=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
    --custom-compile-command infra/lock.sh --output-file "$name.txt" "$@" "$name.in"
  printf '%s.txt\n' "$name"
}

compile requirements-dev "$@"
for file in requirements.in services/*/requirements.in; do
  [ "$file" = services/chassis/requirements.in ] && continue # no image of its own: every service includes it
  rm -f "${file%.in}.txt"
  compile "${file%.in}" --constraint requirements-dev.txt --no-annotate
done
# The benchmarks' peers fit beside everything else, but are no part of it.
compile benchmarks/requirements --constraint requirements-dev.txt
