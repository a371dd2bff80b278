#!/usr/bin/env bash
# ValueVerse from one command: makes its environment, runs the platform in containers or in one process, tests it.
set -euo pipefail

CALLED_FROM=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
PYTHON=.venv/bin/python
readonly CALLED_FROM PYTHON

usage() {
  cat <<'TEXT'
Usage: ./deploy-microservices.sh COMMAND [OPTIONS]

In containers (Docker 20.10 or newer, Compose 2 or newer)
  build [SERVICE]       build the images; on first use writes .env with secrets of its own
  start                 check this machine, build what is missing, start, wait until all is healthy
  stop                  stop everything; the data is kept
  restart [SERVICE]     restart everything, or one service
  health                fails and names what is not healthy
  logs [SERVICE] [-f]   print the last of the logs, and follow them with -f
  scale SERVICE N       run N replicas of a service, 1 to 20
  reset [--yes]         delete all data of the containers; asks first

In one process, without Docker
  demo [--port N] [--data DIR] [--fresh] [--exit]
                        start the embedded platform and walk a value promise through it
  start --embedded [--port N] [--data DIR]
                        start the embedded platform in the background
  stop | restart | health | logs [-f]
                        mean the embedded platform while it runs, where there is no docker, or with --embedded

Either way
  urls                  print where everything is
  token [--tenant T] [--sub S] [--role R] [--ttl 1h]
                        print a development token
  test [PYTEST OPTIONS] run the test-suite; without options in parallel, without chaos, fuzz
                        and containers
  test --live [URL]     walk the whole lifecycle on the platform that runs there (default http://127.0.0.1:8000)
  test --stack [--full] build, start, drive and remove the containers, under names and ports of their own
  new-service NAME      scaffold a service that runs, is routed and tested
  install [--dev]       only make the environment in .venv
  help                  this page

--data DIR, or VALUEVERSE_DATA, is where the embedded platform keeps its data, for every command.
TEXT
}

say() { printf '%s\n' "$*" >&2; }

die() {
  say "deploy-microservices.sh: $*"
  exit 1
}

# --- the environment ---------------------------------------------------------------------------------------------

find_python() { # prints the first Python of 3.11 or newer that can make an environment
  local name version found="" incomplete=""
  for name in python3.13 python3.12 python3.11 python3 python3.14; do # 3.14 is resolved, not run
    version=$("$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      found=$version
    elif ! "$name" -c 'import ensurepip, venv' 2>/dev/null; then
      incomplete=$version
    else
      command -v "$name"
      return
    fi
  done
  if [ -n "$incomplete" ]; then
    die "Python $incomplete has no ensurepip: install it (Debian, Ubuntu: apt-get install python$incomplete-venv)."
  fi
  die "Python 3.11 or newer is needed (found: ${found:-none}): install it (Debian, Ubuntu: apt-get install python3 python3-venv)."
}

environment_works() {
  [ ! -e .venv/incomplete ] && "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

make_environment() {
  local python output
  python=$(find_python)
  output=$("$python" -m venv --clear --without-pip .venv 2>&1) || die "Cannot make the environment .venv: ${output##*$'\n'}"
}

is_installed() { cmp -s "$1" ".venv/installed-$1"; }

install_requirements() { # install_requirements FILE: from the lock alone, everything checked against its hash
  local log=.venv/pip.log
  if environment_works && is_installed "$1"; then return; fi
  trap 'say "Interrupted: the next call begins the installation anew."; exit 130' INT
  exec 9<.
  if command -v flock >/dev/null; then flock 9; fi # of two commands at once the second finds all done
  if ! environment_works; then make_environment; fi
  if ! is_installed "$1"; then
    say "Installing the dependencies into .venv (once, for half a minute or so) ..."
    touch .venv/incomplete # before pip is there: half a pip may tell its version and yet not install
    "$PYTHON" -m pip --version >/dev/null 2>&1 || "$PYTHON" -m ensurepip --default-pip >"$log" 2>&1 || die "No pip: see $log."
    "$PYTHON" -m pip install --no-input --disable-pip-version-check --retries 2 --require-hashes \
      --requirement "$1" >"$log" 2>&1 </dev/null || die "$(why_not_installed "$log")"
    cp "$1" ".venv/installed-$1"
    rm .venv/incomplete
  fi
  exec 9<&-
  trap - INT
}

why_not_installed() { # why_not_installed LOG
  if grep -qiE 'NewConnectionError|name resolution|ConnectTimeout|Network is unreachable|ProxyError|Connection (refused|broken|reset)' "$1"; then
    printf 'The dependencies cannot be downloaded: no connection to the package index. See %s.' "$1"
  else
    printf 'The dependencies cannot be installed: see the end of %s.' "$1"
  fi
}

need_platform() { # what tests need includes what the platform needs
  if is_installed requirements-dev.txt && environment_works; then return; fi
  install_requirements requirements.txt
}

# --- options -----------------------------------------------------------------------------------------------------

option() { # option NAME DEFAULT ARGUMENT...: the value after --NAME, or of --NAME=value
  local name=$1 value=$2
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      "--$name")
        if [ $# -eq 1 ]; then die "--$name needs a value."; fi
        value=$2
        ;;
      "--$name="*) value=${1#*=} ;;
    esac
    shift
  done
  printf '%s' "$value"
}

choose_data() { # choose_data ARGUMENT...: a relative --data counts from where the command was called
  local data
  data=$(option data "${VALUEVERSE_DATA:-}" "$@")
  case $data in
    "" | /* | "~"*) ;;
    *) data=$CALLED_FROM/$data ;;
  esac
  export VALUEVERSE_DATA=$data
}

ARGUMENTS=()
keep_but_data() { # keep_but_data ARGUMENT...: into ARGUMENTS, without --data, which the environment carries, and
  # without --embedded, which has done its work
  ARGUMENTS=()
  while [ $# -gt 0 ]; do
    case $1 in
      --data) shift ;;
      --data=* | --embedded) ;;
      *) ARGUMENTS+=("$1") ;;
    esac
    shift
  done
}

# --- commands of the platform's own ------------------------------------------------------------------------------

delegate() { # delegate COMMAND ARGUMENT...
  choose_data "$@"
  keep_but_data "$@"
  need_platform
  exec "$PYTHON" -m services "${ARGUMENTS[@]}"
}

delegate_on_port() { # delegate_on_port COMMAND ARGUMENT...: on the background platform's port unless one is given
  choose_data "$@"
  need_platform
  read_state
  if [ -n "$RUNNING_PORT" ] && [ -z "$(option port "" "$@")" ]; then set -- "$@" --port "$RUNNING_PORT"; fi
  delegate "$@"
}

run_tests() {
  install_requirements requirements-dev.txt
  if [ "${1:-}" = --live ]; then test_live "${@:2}"; fi
  case "$*" in
    "") set -- --numprocesses "$(getconf _NPROCESSORS_ONLN)" --maxprocesses 8 --dist loadfile --no-loadscope-reorder -m "not chaos and not chaos_full and not fuzz and not stack and not stack_full" ;;
    --stack) set -- tests/stack -m stack ;;
    "--stack --full") set -- tests/stack -m "stack or stack_full" ;;
  esac
  exec "$PYTHON" -m pytest "$@"
}

test_live() { # test_live [URL] [PYTEST OPTIONS]
  local url=http://127.0.0.1:8000
  case ${1:-} in
    http://* | https://*)
      url=$1
      shift
      ;;
  esac
  use_containers_secret
  exec "$PYTHON" -m pytest tests/platform/test_lifecycle.py --base-url "$url" "$@"
}

install() {
  case ${1:-} in
    "") install_requirements requirements.txt ;;
    --dev) install_requirements requirements-dev.txt ;;
    *) die "install takes --dev or nothing, not $1." ;;
  esac
}

# --- the embedded platform in the background ---------------------------------------------------------------------

RUNNING_PID="" RUNNING_PORT=""
read_state() { # sets RUNNING_PID and RUNNING_PORT to the background platform's, or to nothing
  local file
  RUNNING_PID="" RUNNING_PORT=""
  file=$("$PYTHON" -m services.launcher.data_folder)/background
  if ! read -r RUNNING_PID RUNNING_PORT 2>/dev/null <"$file" || ! is_platform "$RUNNING_PID"; then
    RUNNING_PID="" RUNNING_PORT=""
  fi
}

is_platform() { # is_platform PID: whether that process is still the one that was started
  kill -0 "$1" 2>/dev/null && case $(command_of "$1") in *"services serve"*) true ;; *) false ;; esac
}

command_of() { # command_of PID
  if [ -r "/proc/$1/cmdline" ]; then
    tr '\0' ' ' <"/proc/$1/cmdline"
  else
    ps -p "$1" -o args=
  fi
}

start() {
  local port data log detached
  choose_data "$@"
  port=$(option port 8000 "$@")
  need_platform
  read_state
  if [ -n "$RUNNING_PID" ]; then die "Already running (process $RUNNING_PID, port $RUNNING_PORT)."; fi
  if listens "$port"; then die "Port $port is taken: stop what holds it, or give another --port."; fi
  data=$("$PYTHON" -m services.launcher.data_folder --make)
  log=$data/platform.log
  detached=$(command -v setsid || true) # out of reach of this terminal's Ctrl-C
  $detached nohup "$PYTHON" -m services serve all --port "$port" --data "$data" >>"$log" 2>&1 </dev/null &
  printf '%s %s\n' $! "$port" >"$data/background"
  await_ready $! "$port" "$log"
  say "ValueVerse is up: http://127.0.0.1:$port (process $!, log $log)"
}

await_ready() { # await_ready PID PORT LOG
  local deadline=$((SECONDS + 120)) reason
  until answers "$2"; do
    if ! kill -0 "$1" 2>/dev/null; then
      reason=$(tail -n 1 "$3")
      die "It did not start: ${reason#✗ }"
    fi
    if [ $SECONDS -ge $deadline ]; then die "It does not answer after two minutes: see $3."; fi
    sleep 0.1
  done
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

answers() ( # answers PORT: whether the architect is ready there
  { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'GET /api/v1/architect/health/ready HTTP/1.0\r\n\r\n' >&3
  read -r -t 10 status <&3 2>/dev/null && [[ $status == *" 200 "* ]]
)

stop() {
  choose_data "$@"
  need_platform
  read_state
  if [ -z "$RUNNING_PID" ]; then
    say "Nothing is running in the background."
    return
  fi
  kill -TERM "$RUNNING_PID"
  local deadline=$((SECONDS + 30))
  while kill -0 "$RUNNING_PID" 2>/dev/null; do
    if [ $SECONDS -ge $deadline ]; then kill -KILL "$RUNNING_PID" 2>/dev/null || true; fi
    sleep 0.1
  done
  say "Stopped."
}

restart() {
  choose_data "$@"
  need_platform
  read_state
  local port
  port=$(option port "${RUNNING_PORT:-8000}" "$@")
  stop "$@"
  start --embedded --port "$port"
}

logs() {
  choose_data "$@"
  keep_but_data "$@"
  need_platform
  local log
  log=$("$PYTHON" -m services.launcher.data_folder)/platform.log
  if [ ! -f "$log" ]; then die "There is no log at $log: nothing was started in the background yet."; fi
  case ${ARGUMENTS[0]:-} in
    "") tail -n 200 "$log" ;;
    -f) exec tail -n 200 -f "$log" ;;
    *) die "logs takes -f or nothing, not ${ARGUMENTS[0]}." ;;
  esac
}

# --- the platform in containers ----------------------------------------------------------------------------------

containers() { # containers COMMAND ARGUMENT...
  # shellcheck source=infra/docker/containers.sh
  source infra/docker/containers.sh
  "containers_$1" "${@:2}"
}

means_embedded() { # means_embedded ARGUMENT...: it is said, there is no Docker, or the embedded platform runs
  case " $* " in *" --embedded "*) return 0 ;; esac
  if ! command -v docker >/dev/null; then return 0; fi
  if ! environment_works; then return 1; fi
  choose_data "$@"
  read_state
  [ -n "$RUNNING_PID" ]
}

either() { # either EMBEDDED CONTAINERS ARGUMENT...: the command for the platform that is meant
  local embedded=$1 in_containers=$2
  shift 2
  # shellcheck disable=SC2086 # a command and its first argument
  if means_embedded "$@"; then $embedded "$@"; else containers $in_containers "$@"; fi
}

use_containers_secret() { # use_containers_secret ARGUMENT...: tokens are then those of the containers
  if means_embedded "$@"; then return; fi
  # shellcheck source=infra/docker/containers.sh
  source infra/docker/containers.sh
  if containers_run; then
    JWT_SECRET=$(setting JWT_SECRET)
    ENVIRONMENT=$(setting ENVIRONMENT development)
    export JWT_SECRET ENVIRONMENT
  fi
}

urls() {
  if ! means_embedded "$@" && [ $# -eq 0 ]; then
    # shellcheck source=infra/docker/containers.sh
    source infra/docker/containers.sh
    if containers_run; then
      containers_urls
      return
    fi
  fi
  delegate_on_port urls "$@"
}

# --- the command -------------------------------------------------------------------------------------------------

main() {
  local command=${1:-help}
  if [ $# -gt 0 ]; then shift; fi
  case $command in
    help | -h | --help) usage ;;
    demo | new-service) delegate "$command" "$@" ;;
    token)
      use_containers_secret "$@"
      delegate token "$@"
      ;;
    urls) urls "$@" ;;
    test) run_tests "$@" ;;
    build | scale | reset) containers "$command" "$@" ;;
    start)
      case " $* " in
        *" --embedded "*) start "$@" ;;
        *) containers start "$@" ;;
      esac
      ;;
    stop | restart | logs) either "$command" "$command" "$@" ;;
    health) either "delegate_on_port health" health "$@" ;;
    install) install "$@" ;;
    *)
      say "deploy-microservices.sh: there is no command $command."
      usage >&2
      exit 2
      ;;
  esac
}

main "$@"
