#!/bin/sh
# Build or install a client: `prepare.sh CLIENT FOLDER` prints its release, or ends with a line that says why it can't be had.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
client=$1 folder=$2

need() { # PROGRAM ADVICE
	command -v "$1" >/dev/null 2>&1 || { echo "no $1: $2" >&2; exit 1; }
}

debian() { # PACKAGE…
	missing=""
	for package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "sudo apt-get install$missing" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

release() { # FILE PATTERN: what follows the pattern, up to a quote or the line's end
	sed -nE "s/.*$2([^\"]+).*/\1/p" "$here/$1" | head -1
}

go_program() { # PINS
	need go "install Go 1.24 or newer (go.dev)"
	(cd "$here/pion" && go build -modfile="$1" -o "$folder/$client" .)
	release "pion/$1" 'pion\/webrtc\/v4 v'
}

rust_program() { # CRATE
	need cargo "install Rust 1.85 or newer (rustup.rs)"
	# Built in a copy: cargo writes its lock beside the sources.
	rm -rf "$folder/rust-source"
	cp -r "$here/rust" "$folder/rust-source"
	(cd "$folder/rust-source" && cargo build --quiet --target-dir "$folder/rust" --bin "$client")
	release rust/Cargo.toml "$1 = \\{ version = \"="
}

node_package() { # NAME
	need npm "install Node 20 or newer (nodejs.org)"
	if [ ! -d "$folder/javascript" ]; then
		cp -R "$here/javascript" "$folder/javascript"
		(cd "$folder/javascript" && npm ci --silent --no-audit --no-fund >&2)
	fi
	release javascript/package.json "\"$1\": \""
}

python_package() { # NAME
	"$PYTHON" -c "import importlib.metadata; print(importlib.metadata.version('$1'))"
}

case $client in
chromium) $({ command -v chromium || command -v chromium-browser; } ) --version | grep -oE '[0-9]+' | head -1 ;;
firefox) $({ command -v firefox-esr || command -v firefox; } ) --version | grep -oE '[0-9]+' | head -1 ;;
aiortc) python_package aiortc ;;
ffmpeg) python_package av ;;
pion) go_program go.mod ;;
pion_tcp) go_program go.mod ;;
pion_4_0) go_program pion_4_0.mod ;;
str0m) rust_program str0m ;;
webrtc_rs) rust_program webrtc ;;
werift) node_package werift ;;
node_datachannel) node_package node-datachannel ;;
webrtcbin)
	debian gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad \
		gstreamer1.0-nice python3-gi gir1.2-gst-plugins-base-1.0 gir1.2-gst-plugins-bad-1.0
	gst-inspect-1.0 --version | sed -nE 's/^GStreamer //p'
	;;
*)
	echo "no client has this name: $client" >&2
	exit 1
	;;
esac
