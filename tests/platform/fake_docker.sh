#!/usr/bin/env bash
# A docker for the tests of deploy-microservices.sh: answers as FAKE_* say and notes in $FAKE_NOTES what changes things.
case "$*" in
  info) exit "${FAKE_DAEMON:-0}" ;;
  "info --format {{.MemTotal}}") echo "${FAKE_MEMORY:-16000000000}" ;;
  "info --format {{.DockerRootDir}}") echo "${FAKE_ROOT:-/nowhere}" ;;
  "version --format"*) echo "${FAKE_DOCKER:-20.10.24}" ;;
  "compose version"*)
    if [ "${FAKE_COMPOSE:-}" = none ]; then exit 1; fi
    echo "${FAKE_COMPOSE:-2.26.1}"
    ;;
  "network ls -q") echo 0123 ;;
  "network inspect"*) printf '%b' "${FAKE_NETWORKS:-bridge 172.17.0.0/16\n}" ;;
  "image inspect"*) exit "${FAKE_IMAGE:-0}" ;;
  "inspect --format"*) printf '%b' "${FAKE_STATES:-migrate exited - 0\nvalue-architect running healthy 0\n}" ;;
  "compose --env-file"*)
    shift 3
    case "$*" in
      "ps --all --quiet") echo 0123 ;;
      "ps -q") printf '%s' "${FAKE_RUNNING:-}" ;;
      "config --services") printf 'migrate\nvalue-architect\n' ;;
      "config --images") printf 'valueverse/value-architect\nredis:7\n' ;;
      *) printf 'docker: compose %s\n' "$*" >>"$FAKE_NOTES" ;;
    esac
    ;;
  *) printf 'docker: unexpected %s\n' "$*" >>"$FAKE_NOTES" ;;
esac
