#!/usr/bin/env bash
# Install the packages of debian-packages.txt that are missing; without root, name them.
set -eu
cd "$(dirname "$0")"
command -v dpkg-query >/dev/null || exit 0
missing=()
while read -r name; do
  dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
done < <(grep -vE '^(#|$)' debian-packages.txt)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "Missing Debian packages: ${missing[*]}" >&2
  echo "Please run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "Installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
