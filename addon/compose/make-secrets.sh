#!/bin/sh
# Writes what the stacks take from files: ./secrets beside this script, or the folder named in SECRETS_DIR.
# What is there already stays as it is. The Rancher key comes from CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY, or is asked for.
set -eu
folder=${SECRETS_DIR:-$(dirname "$0")/secrets}
mkdir -p "$folder"
# Nobody but you may look into the folder; the files are mounted one by one, for a user without rights.
chmod 700 "$folder"

ask() {
  [ -t 0 ] || { echo "make-secrets: $1 is not set" >&2; exit 1; }
  printf '%s: ' "$1" >&2
  read -r answer
  printf '%s' "$answer"
}

keep() {
  [ -s "$folder/$1" ] || { printf '%s\n' "$2" > "$folder/$1"; chmod 444 "$folder/$1"; }
}

[ -s "$folder/cattle-access-key" ] || keep cattle-access-key "${CATTLE_ACCESS_KEY:-$(ask CATTLE_ACCESS_KEY)}"
[ -s "$folder/cattle-secret-key" ] || keep cattle-secret-key "${CATTLE_SECRET_KEY:-$(ask CATTLE_SECRET_KEY)}"
keep sealing-key "$(head -c 32 /dev/urandom | base64)"
keep postgres-password "$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')"
keep database-url "postgres://hooks:$(cat "$folder/postgres-password")@postgres:5432/hooks"
