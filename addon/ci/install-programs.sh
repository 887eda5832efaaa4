#!/usr/bin/env bash
# Installs what the tests in test/e2e need (Debian, root): a Docker engine with docker-compose, the programs the stand-in
# images and the checks of the monitoring rules are made with, and real senders. Nothing of it is started.
set -euo pipefail

programs=(docker dockerd docker-compose haproxy promtool iptables ip prometheus prometheus-alertmanager docker-registry)
packages=(docker.io docker-compose haproxy prometheus prometheus-alertmanager docker-registry iptables iproute2)
missing=()
for program in "${programs[@]}"; do command -v "$program" > /dev/null || missing+=("$program"); done
[ ${#missing[@]} -gt 0 ] || exit 0

fail() {
  echo "install-programs: $*" >&2
  exit 1
}
command -v apt-get > /dev/null || fail "missing: ${missing[*]}; there is no apt-get here, install them another way"
[ "$(id -u)" = 0 ] || fail "missing: ${missing[*]}; run this as root, or install ${packages[*]}"

# A policy of 101 keeps Debian's packages from starting their services while they are installed.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod +x $policy
fi
log=$(mktemp)
apt-get update > "$log" 2>&1 &&
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${packages[@]}" >> "$log" 2>&1 ||
  { tail -n 20 "$log" >&2; fail "could not install ${packages[*]}; the last lines of apt-get stand above"; }
rm -f "$log"
