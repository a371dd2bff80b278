#!/bin/sh
# Kong's entry point: renders its configuration, then becomes Kong (or the command that it is given).
set -eu
umask 077
: "${KONG_DECLARATIVE_CONFIG:?names the file that is rendered}"

configuration=$(/bin/sh "$(dirname "$0")/render.sh")
printf '%s\n' "$configuration" >"$KONG_DECLARATIVE_CONFIG"
if [ $# -gt 0 ]; then exec "$@"; fi

# `kong start` would stay between the container's signals and nginx, which ends in grace by SIGQUIT.
kong prepare --prefix "$KONG_PREFIX"
exec /usr/local/openresty/nginx/sbin/nginx -p "$KONG_PREFIX" -c nginx.conf
