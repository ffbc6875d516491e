#!/usr/bin/env bash
# Builds a real server that tests and benchmarks run against, once, from its pinned Go module; pysparkplug,
# whose paho is older than ours, gets a Python of its own.
#   tools/servers/build.sh influxd|telegraf|alertmanager|promtool|pysparkplug [FOLDER]
# Prints the binary's path. Exit status 3: a compiler is missing on this machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=${1:?usage: build.sh influxd|telegraf|alertmanager|promtool|pysparkplug [FOLDER]}
folder=${2:-${FACILITYD_CACHE:-$here/../../.cache/servers}}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd -P)

case $name in
  influxd) version=2.7.12 package=github.com/influxdata/influxdb/v2/cmd/influxd tools="go gcc cargo rustc"
    tags=sqlite_foreign_keys,sqlite_json ;;
  telegraf) version=1.37.2 package=github.com/influxdata/telegraf/cmd/telegraf tools="go"
    tags=custom,inputs.modbus,inputs.mqtt_consumer,parsers.json,outputs.influxdb_v2,outputs.discard,outputs.file
    build=-2 ;;
  alertmanager) version=0.28.1 package=github.com/prometheus/alertmanager/cmd/alertmanager tools="go" tags=netgo ;;
  promtool) version=0.305.0 package=github.com/prometheus/prometheus/cmd/promtool tools="go" tags=netgo ;;
  pysparkplug) version=0.6.1 tools="python3" ;;
  *) echo "build.sh knows influxd, telegraf, alertmanager, promtool and pysparkplug, not $name" >&2; exit 2 ;;
esac
binary=$folder/$name-$version${build:-}  # build: another set of parts of the same version

need() {
  for tool in $tools; do
    command -v "$tool" >/dev/null || { echo "$name $version cannot be built: $tool is not installed" >&2; exit 3; }
  done
}

# The Flux engine is Rust: a pkg-config wrapper compiles it while Go asks for its flags. Its
# sources turn lints of newer compilers into errors and pin an old toolchain; both are overruled here.
prepare_flux() {
  mkdir -p "$folder/bin"
  go build -o "$folder/bin/pkg-config" github.com/influxdata/pkg-config
  cat >"$folder/bin/rustc-capped" <<'WRAPPER'
#!/usr/bin/env bash
for word in "$@"; do [[ $word == --cap-lints* ]] && exec "$@"; done
exec "$@" --cap-lints warn
WRAPPER
  chmod +x "$folder/bin/rustc-capped"
  export PKG_CONFIG=$folder/bin/pkg-config RUSTC_WRAPPER=$folder/bin/rustc-capped
  if command -v rustup >/dev/null; then
    toolchain=$(rustup toolchain list | awk '/^stable/ { print $1; exit }')
    export RUSTUP_TOOLCHAIN=${toolchain:-$(rustup toolchain list | awk 'NR == 1 { print $1 }')}
  fi
}

[ -x "$binary" ] && { echo "$binary"; exit 0; }
need
exec 9>"$folder/$name.lock"
flock 9
[ -x "$binary" ] && { echo "$binary"; exit 0; }
echo "building $name $version once (some minutes)…" >&2
if [ "$name" = pysparkplug ]; then
  python3 -m venv "$folder/$name-env"
  "$folder/$name-env/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$here/$name.txt" >&2
  printf '#!/bin/sh\nexec "%s/bin/python" "$@"\n' "$folder/$name-env" >"$binary.part"
  chmod +x "$binary.part"
  mv "$binary.part" "$binary"
  echo "$binary"
  exit 0
fi
cd "$here/$name"  # everything that go builds, the wrapper too, is pinned by the module in this folder
[ "$name" = influxd ] && prepare_flux
go build -mod=readonly -tags "$tags" -ldflags "-s -w" -o "$binary.part" "$package" >&2
mv "$binary.part" "$binary"
echo "$binary"
