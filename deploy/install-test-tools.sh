#!/bin/sh
# Install the programs that the tests run for real, or say exactly what to install.
set -eu

missing=""
need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
need redis-server redis-server
need chromium chromium
need firefox-esr firefox-esr
need nginx nginx-light
need turnserver coturn
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing:$missing"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
	echo "The tests run real programs that are not here. Install them, then run make test again:" >&2
	echo "    sudo apt-get install$missing" >&2
	echo "(or the packages that bring these commands on your system)" >&2
	exit 1
fi
