#!/usr/bin/env bash
# Runs a command with a Docker engine of its own and stand-ins for the base images, then takes both away again:
#   addon/ci/with-docker.sh npm run test:e2e
# Needs root. The engine has its own folder, socket, network and process namespaces, so nothing of it outlives this script and
# the machine's own engine and firewall are left alone. There is no network in there but its own: no registry is used.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)

fail() {
  echo "with-docker: $*" >&2
  exit 1
}

if [ "${1:-}" = --inside ]; then
  work=$2
  shift 2
  ip link set lo up
  export DOCKER_HOST=unix://$work/docker.sock DOCKER_BUILDKIT=0 RECEIVER_HOOKS_ENGINE=stand-in
  dockerd --host "$DOCKER_HOST" --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/dockerd.pid" \
    --bip 10.213.0.1/16 --default-address-pool base=10.214.0.0/16,size=24 --ip-forward=true > "$work/dockerd.log" 2>&1 &
  engine=$!
  for _ in $(seq 100); do
    docker version > /dev/null 2>&1 && break
    kill -0 "$engine" 2> /dev/null || break
    sleep 0.1
  done
  docker version > /dev/null 2>&1 || { tail -n 20 "$work/dockerd.log" >&2; fail 'dockerd did not start; its last lines stand above'; }
  "$repository/addon/ci/stand-in-images.sh" "$work/images"
  status=0
  "$@" || status=$?
  running=$(docker ps --quiet)
  # shellcheck disable=SC2086 # one word per container
  [ -z "$running" ] || docker kill $running > /dev/null 2>&1 || true
  kill "$engine" && wait "$engine" || true
  exit "$status"
fi

[ "$(id -u)" = 0 ] || fail 'this needs root; with a Docker engine of your own run the command without it'
for program in docker dockerd docker-compose haproxy promtool iptables ip unshare setpriv; do
  command -v "$program" > /dev/null || fail "$program is missing; addon/ci/install-programs.sh installs it"
done
[ $# -gt 0 ] || fail 'what is to be run? with-docker.sh <command …>'

work=$(mktemp -d "${TMPDIR:-/tmp}/receiver-hooks-docker.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/images/install"
# The image is built with `npm ci` as everywhere, but without a network: from a cache that this fills.
cp "$repository"/{package.json,package-lock.json,.npmrc} "$work/images/install/"
(cd "$work/images/install" && npm ci --ignore-scripts --workspaces=false --include-workspace-root --cache "$work/images/npm-cache" > "$work/npm.log" 2>&1) ||
  { tail -n 20 "$work/npm.log" >&2; fail 'npm ci for the image failed; its last lines stand above'; }
rm -rf "$work/images/install" "$work/images/npm-cache/_logs"
unshare --net --mount --pid --fork --mount-proc --kill-child "$0" --inside "$work" "$@"
