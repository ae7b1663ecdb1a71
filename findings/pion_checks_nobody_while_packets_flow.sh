#!/bin/sh
# pion 4.0.10 sends no connectivity check for as long as packets flow both ways; 4.2.19 sends one every few seconds.
#
# RFC 7675 has whoever sends ask for consent anew, by a check about every five seconds, whatever else flows. pion up to
# 4.0.10 checks only a line on which nothing has come or gone for two seconds. A server with ICE lite, which checks nobody
# itself and waits for the other's checks, so sees a healthy publisher fall silent and ends it after 30 seconds. The
# same was reported of webrtc-rs 0.17, which began as a port of pion.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT

mkdir "$folder/program"
cat >"$folder/program/main.go" <<'PROGRAM'
package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

// socket counts the STUN binding requests that come.
type socket struct {
	net.PacketConn
	requests atomic.Int64
}

func (s *socket) ReadFrom(buffer []byte) (int, net.Addr, error) {
	size, from, err := s.PacketConn.ReadFrom(buffer)
	if size >= 20 && binary.BigEndian.Uint32(buffer[4:]) == 0x2112A442 && binary.BigEndian.Uint16(buffer) == 1 {
		s.requests.Add(1)
	}
	return size, from, err
}

func main() {
	listening, err := net.ListenPacket("udp4", "127.0.0.1:0")
	check(err)
	counted := &socket{PacketConn: listening}
	lite, full := webrtc.SettingEngine{}, webrtc.SettingEngine{}
	lite.SetLite(true)
	lite.SetICEUDPMux(webrtc.NewICEUDPMux(nil, counted))
	server, client := peer(lite), peer(full)
	opened := make(chan *webrtc.DataChannel, 2)
	channel, err := client.CreateDataChannel("both ways", nil)
	check(err)
	channel.OnOpen(func() { opened <- channel })
	server.OnDataChannel(func(other *webrtc.DataChannel) { other.OnOpen(func() { opened <- other }) })
	connect(client, server)
	one, other := <-opened, <-opened
	time.Sleep(3 * time.Second) // the checks that choose a pair are over
	before := counted.requests.Load()
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(200 * time.Millisecond) {
		check(one.SendText("ping"))
		check(other.SendText("pong"))
	}
	fmt.Println("checks in 20 s, more than two:", counted.requests.Load()-before > 2)
}

func peer(settings webrtc.SettingEngine) *webrtc.PeerConnection {
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	made, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	check(err)
	return made
}

func connect(client, server *webrtc.PeerConnection) {
	offer, err := client.CreateOffer(nil)
	check(err)
	gathered := webrtc.GatheringCompletePromise(client)
	check(client.SetLocalDescription(offer))
	<-gathered
	check(server.SetRemoteDescription(*client.LocalDescription()))
	answer, err := server.CreateAnswer(nil)
	check(err)
	gathered = webrtc.GatheringCompletePromise(server)
	check(server.SetLocalDescription(answer))
	<-gathered
	check(client.SetRemoteDescription(*server.LocalDescription()))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
PROGRAM
cat >"$folder/seen" <<'SEEN'
pion 4.0.10: checks in 20 s, more than two: false
pion 4.2.19: checks in 20 s, more than two: true
SEEN

cd "$folder/program"
export GOPATH="$folder/modules" GOFLAGS=-mod=mod
for release in 4.0.10 4.2.19; do
	printf 'module finding\ngo 1.24.0\nrequire github.com/pion/webrtc/v4 v%s\n' "$release" >go.mod
	go mod tidy >/dev/null 2>&1
	go build -o "pion-$release" .
done
for release in 4.0.10 4.2.19; do
	TZ=UTC "./pion-$release" | sed "s/^/pion $release: /"
done >output
cat output
diff "$folder/seen" output >&2 || { echo "this has changed: the lines with < were seen, those with > came now" >&2; exit 1; }
