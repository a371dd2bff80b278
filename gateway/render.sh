#!/bin/sh
# Prints Kong's declarative configuration: kong.yml and the issuers of ENVIRONMENT, placeholders filled in from the
# environment. A placeholder without a value, or a secret that is still a placeholder, ends it: nothing is printed.
set -eu
here=$(dirname "$0")
environment=${ENVIRONMENT:-development}
issuers=$here/issuers/$environment.yml

if [ ! -f "$issuers" ]; then
  echo "gateway: ENVIRONMENT is $environment, and there is no issuers/$environment.yml" >&2
  exit 1
fi

# A secret may stand in a file instead: JWT_SECRET_FILE for JWT_SECRET.
for name in JWT_SECRET REDIS_PASSWORD GATEWAY_JWT_PUBLIC_KEY; do
  eval "file=\${${name}_FILE:-}"
  if [ -n "$file" ]; then
    value=$(cat "$file")
    export "$name=$value"
  fi
done

awk '
  function quoted(text,    result, place, letter) { # as the inside of a double-quoted YAML string
    for (place = 1; place <= length(text); place++) {
      letter = substr(text, place, 1)
      if (letter == "\\" || letter == "\"") letter = "\\" letter
      else if (letter == "\n") letter = "\\n"
      result = result letter
    }
    return result
  }
  function complain(text) {
    print "gateway: " text >"/dev/stderr"
    failed = 1
  }
  function value_of(name) {
    if (!(name in ENVIRON) || ENVIRON[name] == "") complain(name " is empty")
    else if (ENVIRON[name] ~ /^change-?me/) complain(name " is still a placeholder")
    else if (name ~ /_SECRET$/ && length(ENVIRON[name]) < 32) complain(name " has fewer than 32 characters")
    return quoted(ENVIRON[name])
  }
  /^ *#/ { next }
  {
    line = ""
    rest = $0
    while (match(rest, /\$\{[A-Z_]+\}/)) {
      line = line substr(rest, 1, RSTART - 1) value_of(substr(rest, RSTART + 2, RLENGTH - 3))
      rest = substr(rest, RSTART + RLENGTH)
    }
    lines[++count] = line rest
  }
  END {
    if (failed) exit 1
    for (number = 1; number <= count; number++) print lines[number]
  }
' "$here/kong.yml" "$issuers"
