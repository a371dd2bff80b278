#!/bin/sh
# Starts Redis with its password in a file that only it can read, as arguments show in every list of processes.
set -eu
: "${REDIS_PASSWORD:?REDIS_PASSWORD is missing}"
umask 077
{
  cat /etc/redis/redis.conf
  printf 'requirepass %s\n' "$REDIS_PASSWORD"
} >/run/redis/redis.conf
exec redis-server /run/redis/redis.conf
