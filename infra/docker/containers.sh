# shellcheck shell=bash
# The platform in containers: the part of deploy-microservices.sh that speaks with Docker. It is sourced.
# COMPOSE_FILE and COMPOSE_PROJECT_NAME are Compose's own; VALUEVERSE_ENV names another file than .env.

ENV_FILE=${VALUEVERSE_ENV:-.env}
export COMPOSE_FILE=${COMPOSE_FILE:-docker-compose.microservices.yml}
export DOCKER_BUILDKIT=1

readonly LEAST_MEMORY_MB=4000 LEAST_DISK_MB=5000 HEALTHY_WITHIN_S=${HEALTHY_WITHIN_S:-300}
readonly JOBS=" migrate "
readonly OWN_SERVICES="value-architect value-committer value-executor value-amplifier calculation-engine notification-service"
readonly PUBLISHED_PORTS="GATEWAY_PORT:8000 KONG_ADMIN_PORT:8001 ARCHITECT_DIRECT_PORT:8011 COMMITTER_DIRECT_PORT:8012
  EXECUTOR_DIRECT_PORT:8013 AMPLIFIER_DIRECT_PORT:8014 CALCULATION_ENGINE_DIRECT_PORT:8015 NOTIFICATION_DIRECT_PORT:8016
  POSTGRES_PORT:5432 REDIS_PORT:6379 RABBITMQ_PORT:5672 RABBITMQ_MANAGEMENT_PORT:15672 CONSUL_PORT:8500
  PROMETHEUS_PORT:9090 GRAFANA_PORT:3001 JAEGER_PORT:16686"

# --- Docker and Compose ------------------------------------------------------------------------------------------

compose() {
  if [ -z "${COMPOSE:-}" ]; then
    if docker compose version >/dev/null 2>&1; then COMPOSE="docker compose"; else COMPOSE="docker-compose"; fi
  fi
  $COMPOSE --env-file "$ENV_FILE" "$@"
}

compose_version() {
  docker compose version --short 2>/dev/null || docker-compose version --short 2>/dev/null || true
}

need_docker() {
  local version
  command -v docker >/dev/null || die "There is no docker here. Install it, or start the platform in one process: ./deploy-microservices.sh start --embedded"
  docker info >/dev/null 2>&1 || die "Docker does not answer: start it, or let this user reach it (docker info says why)."
  version=$(docker version --format '{{.Server.Version}}')
  at_least "$version" 20 10 || die "Docker is $version; the platform needs 20.10 or newer."
  version=$(compose_version)
  [ -n "$version" ] || die "There is no Compose: install the docker compose plug-in, version 2 or newer."
  at_least "$version" 2 0 || die "Compose is $version; the platform needs version 2 or newer."
}

at_least() { # at_least VERSION MAJOR MINOR
  local version=${1#v} major minor
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%[!0-9]*}
  [ "$major" -gt "$2" ] || { [ "$major" -eq "$2" ] && [ "${minor:-0}" -ge "$3" ]; }
}

need_settings() { [ -f "$ENV_FILE" ] || die "Nothing was built here yet: ./deploy-microservices.sh start, or start --embedded for one process."; }

containers_run() { [ -f "$ENV_FILE" ] && command -v docker >/dev/null && [ -n "$(compose ps -q 2>/dev/null)" ]; }

# --- settings ----------------------------------------------------------------------------------------------------

setting() { # setting NAME [DEFAULT]: as Compose reads it, the environment before the file
  local line value=${2:-}
  if [ -n "${!1:-}" ]; then
    value=${!1}
  elif [ -f "$ENV_FILE" ]; then
    line=$(grep -E "^$1=" "$ENV_FILE" | tail -n 1) && value=${line#*=}
  fi
  printf '%s' "$value"
}

random_secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

write_settings() { # on first use: .env.example with a secret of its own for every placeholder
  local line
  if [ -f "$ENV_FILE" ]; then return; fi
  (
    umask 077
    while IFS= read -r line || [ -n "$line" ]; do
      if [[ $line != \#* ]]; then
        while [[ $line == *change-me* ]]; do line=${line/change-me/$(random_secret)}; done
      fi
      printf '%s\n' "$line"
    done <.env.example >"$ENV_FILE.new"
  )
  mv "$ENV_FILE.new" "$ENV_FILE"
  say "Wrote $ENV_FILE with secrets of its own, for development."
}

# --- what must hold before the start -----------------------------------------------------------------------------

preflight() {
  need_docker
  check_memory
  check_disk
  check_secrets
  if [ -z "$(compose ps -q)" ]; then
    check_ports
    check_subnet
  fi
}

check_memory() {
  local bytes
  bytes=$(docker info --format '{{.MemTotal}}')
  [ $((bytes / 1000000)) -ge $LEAST_MEMORY_MB ] ||
    die "Docker has $((bytes / 1000000)) MB of memory; the platform needs $LEAST_MEMORY_MB MB: give it more."
}

check_disk() { # where Docker keeps its data, if that is on this machine
  local root free
  root=$(docker info --format '{{.DockerRootDir}}')
  free=$(df -Pm "$root" 2>/dev/null | awk 'NR == 2 {print $4}') || true
  if [ -z "$free" ]; then return; fi
  [ "$free" -ge $LEAST_DISK_MB ] ||
    die "There are $free MB free at $root; the platform needs $LEAST_DISK_MB MB: make room (docker system prune)."
}

check_secrets() {
  local names
  names=$(grep -E '^[A-Z_]+=.*change-me' "$ENV_FILE" | cut -d= -f1 | tr '\n' ' ') || true # none, as it should be
  [ -z "$names" ] || die "$ENV_FILE still has placeholders: set ${names% }, or remove the file to have it written anew."
}

check_ports() {
  local each name port
  for each in $PUBLISHED_PORTS; do
    name=${each%:*}
    port=$(setting "$name" "${each#*:}")
    if listens "$port"; then die "Port $port is taken: stop what holds it, or set $name in $ENV_FILE."; fi
  done
}

number_of() { # number_of ADDRESS: an IPv4 address as a number
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  printf '%s' $(((a << 24) + (b << 16) + (c << 8) + d))
}

check_subnet() { # against the networks of others: the platform's own stays when its containers only stopped
  local wanted own project network subnet owner size first format
  # shellcheck disable=SC2016 # Docker's variables, not the shell's
  format='{{$name := .Name}}{{$owner := index .Labels "com.docker.compose.project"}}{{range .IPAM.Config}}{{$name}} {{.Subnet}} {{$owner}}{{"\n"}}{{end}}'
  own=$(number_of "$(setting SERVICES_SUBNET 172.16.87).0")
  wanted=$(setting SERVICES_SUBNET 172.16.87).0/24
  project=$(setting COMPOSE_PROJECT_NAME valueverse)
  while read -r network subnet owner; do
    case $subnet in *.*.*.*/*) ;; *) continue ;; esac
    if [ "$owner" = "$project" ]; then continue; fi
    size=${subnet#*/}
    first=$(number_of "${subnet%/*}")
    if [ "$size" -gt 24 ]; then size=24; fi
    if [ $((own >> (32 - size))) -eq $((first >> (32 - size))) ]; then
      die "The network $wanted is taken by Docker's network $network: set SERVICES_SUBNET in $ENV_FILE to three other numbers."
    fi
  done < <(docker network ls -q | xargs docker network inspect --format "$format" 2>/dev/null)
}

# --- health ------------------------------------------------------------------------------------------------------

container_states() { # a line for each container: service, state, health or -, exit code
  local ids
  ids=$(compose ps --all --quiet)
  if [ -z "$ids" ]; then return; fi
  # shellcheck disable=SC2086 # one argument each
  docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}} {{.State.ExitCode}}' $ids
}

unhealthy() { # what is not as it should be, a line each
  local service state health code found=" "
  while read -r service state health code; do
    found="$found$service "
    case "$JOBS" in
      *" $service "*)
        if [ "$state $code" != "exited 0" ]; then echo "$service: $state, exit code $code"; fi
        continue
        ;;
    esac
    case "$state $health" in
      "running healthy" | "running -") ;;
      *) echo "$service: $state${health:+, $health}" ;;
    esac
  done < <(container_states)
  while read -r service; do
    case "$found" in *" $service "*) ;; *) echo "$service: not started" ;; esac
  done < <(compose config --services)
}

await_health() {
  local deadline=$((SECONDS + HEALTHY_WITHIN_S)) left before=""
  while left=$(unhealthy) && [ -n "$left" ]; do
    if grep -q '^migrate: exited, exit code [1-9]' <<<"$left"; then
      compose logs --no-log-prefix --tail 3 migrate >&2
      die "The migrate job failed; the services wait for it."
    fi
    if [ "$left" != "$before" ]; then say "waiting for $(cut -d: -f1 <<<"$left" | sort -u | tr '\n' ' ')"; fi
    before=$left
    if [ $SECONDS -ge $deadline ]; then
      say "$left"
      die "Not healthy after $HEALTHY_WITHIN_S s: ./deploy-microservices.sh logs SERVICE says why."
    fi
    sleep 1
  done
}

containers_health() {
  local left
  need_docker
  need_settings
  left=$(unhealthy)
  if [ -n "$left" ]; then
    printf '%s\n' "$left"
    return 1
  fi
  echo "All healthy: $(container_states | wc -l) containers."
}

# --- commands ----------------------------------------------------------------------------------------------------

containers_build() { # containers_build [SERVICE...]
  need_docker
  write_settings
  if [ $# -eq 0 ]; then build_all; else compose build "$@"; fi
}

build_all() { # one after the other, so that each finds the layers that they share
  local service
  for service in $(compose config --services); do compose build "$service"; done
}

build_missing() {
  local image missing=""
  while read -r image; do
    docker image inspect "$image" >/dev/null 2>&1 || missing=yes
  done < <(compose config --images | grep '^valueverse/')
  if [ -n "$missing" ]; then build_all; fi
}

containers_start() {
  if [ $# -gt 0 ]; then die "start takes nothing, or --embedded and its options: not $1."; fi
  need_docker
  write_settings
  preflight
  build_missing
  compose up --detach --remove-orphans
  await_health
  say "ValueVerse is up: http://127.0.0.1:$(setting GATEWAY_PORT 8000) (./deploy-microservices.sh urls says more)"
}

containers_stop() {
  need_docker
  need_settings
  compose down --remove-orphans
  say "Stopped; the data is kept."
}

containers_restart() { # containers_restart [SERVICE]
  need_docker
  need_settings
  if [ $# -eq 0 ]; then
    containers_stop
    containers_start "$@"
  else
    known_service "$1"
    compose restart "$1"
    await_health
  fi
}

containers_logs() { # containers_logs [SERVICE] [-f]
  local arguments=() each
  need_docker
  need_settings
  for each in "$@"; do
    case $each in
      -f) arguments+=(--follow) ;;
      -*) die "logs takes a service and -f, not $each." ;;
      *)
        known_service "$each"
        arguments+=("$each")
        ;;
    esac
  done
  compose logs --tail 200 ${arguments[@]+"${arguments[@]}"}
}

known_service() {
  # Not grep -q: it would leave before Compose has said everything, which then counts as a failure.
  compose config --services | grep -x -- "$1" >/dev/null || die "There is no service $1: one of $(compose config --services | sort | tr '\n' ' ')"
}

containers_scale() { # containers_scale SERVICE N
  if [ $# -ne 2 ]; then die "scale takes a service and how many: scale calculation-engine 5"; fi
  case " $OWN_SERVICES " in *" $1 "*) ;; *) die "$1 cannot be scaled: one of $OWN_SERVICES." ;; esac
  case $2 in
    [1-9] | 1[0-9] | 20) ;;
    *) die "$2 is no number of replicas: 1 to 20." ;;
  esac
  need_docker
  need_settings
  compose up --detach --no-deps --no-recreate --scale "$1=$2" "$1"
  await_health
  say "$1 has $2 replicas."
}

containers_reset() { # containers_reset [--yes]
  local answer
  need_docker
  need_settings
  if [ "${1:-}" != --yes ]; then
    printf 'This deletes all data of the platform in containers. Type yes to go on: ' >&2
    read -r answer || true
    if [ "$answer" != yes ]; then die "Nothing was deleted."; fi
  fi
  compose down --volumes --remove-orphans
  say "Deleted."
}

containers_urls() {
  local each name port
  port=$(setting GATEWAY_PORT 8000)
  address "the gateway" "http://127.0.0.1:$port" "a token: export TOKEN=\$(./deploy-microservices.sh token)"
  for each in value-architect:architect:ARCHITECT:8011 value-committer:committer:COMMITTER:8012 \
    value-executor:executor:EXECUTOR:8013 value-amplifier:amplifier:AMPLIFIER:8014 \
    calculation-engine:calculation-engine:CALCULATION_ENGINE:8015 \
    notification-service:notification:NOTIFICATION:8016; do
    IFS=: read -r name each variable number <<<"$each"
    address "$name" "http://127.0.0.1:$port/api/v1/$each/docs" \
      "directly: http://127.0.0.1:$(setting "${variable}_DIRECT_PORT" "$number")/docs"
  done
  address "Kong's admin" "http://127.0.0.1:$(setting KONG_ADMIN_PORT 8001)"
  address PostgreSQL "postgresql://127.0.0.1:$(setting POSTGRES_PORT 5432)/valueverse" "valueverse, POSTGRES_PASSWORD"
  address Redis "redis://127.0.0.1:$(setting REDIS_PORT 6379)" "REDIS_PASSWORD"
  address RabbitMQ "amqp://127.0.0.1:$(setting RABBITMQ_PORT 5672)/valueverse" "valueverse, RABBITMQ_PASSWORD"
  address "RabbitMQ's pages" "http://127.0.0.1:$(setting RABBITMQ_MANAGEMENT_PORT 15672)" "valueverse, RABBITMQ_PASSWORD"
  address Consul "http://127.0.0.1:$(setting CONSUL_PORT 8500)"
  address Prometheus "http://127.0.0.1:$(setting PROMETHEUS_PORT 9090)"
  address Grafana "http://127.0.0.1:$(setting GRAFANA_PORT 3001)" "admin, GRAFANA_ADMIN_PASSWORD"
  address Jaeger "http://127.0.0.1:$(setting JAEGER_PORT 16686)"
  echo "Passwords stand in $ENV_FILE under these names."
}

address() { printf '%-22s %-58s %s\n' "$1" "$2" "${3:-no login}"; }
