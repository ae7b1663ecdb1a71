// pion as a client: `client publish|watch URL TOKEN SECONDS CARD`; with NETWORK=tcp by TCP alone.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
)

var counts [2]atomic.Int64 // pictures' packets, sound's

func main() {
	role, url, token, card := os.Args[1], os.Args[2], os.Args[3], os.Args[5]
	seconds, err := strconv.ParseFloat(os.Args[4], 64)
	check(err)
	peer := connection()
	if role == "publish" {
		publish(peer, card)
	} else {
		watch(peer)
	}
	connect(peer, url, token)
	for end := time.Now().Add(time.Duration(seconds * float64(time.Second))); time.Now().Before(end); {
		time.Sleep(time.Second)
		if role == "watch" {
			line, _ := json.Marshal(map[string]int64{"video": counts[0].Load(), "audio": counts[1].Load()})
			fmt.Println(string(line))
		}
	}
}

func connection() *webrtc.PeerConnection {
	made := webrtc.NewPeerConnection
	if os.Getenv("NETWORK") == "tcp" {
		var settings webrtc.SettingEngine
		settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
		made = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection
	}
	peer, err := made(webrtc.Configuration{})
	check(err)
	return peer
}

func connect(peer *webrtc.PeerConnection, url, token string) {
	offer, err := peer.CreateOffer(nil)
	check(err)
	gathered := webrtc.GatheringCompletePromise(peer)
	check(peer.SetLocalDescription(offer))
	<-gathered
	request, err := http.NewRequest("POST", url, strings.NewReader(peer.LocalDescription().SDP))
	check(err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/sdp")
	answer, err := http.DefaultClient.Do(request)
	check(err)
	sdp, err := io.ReadAll(answer.Body)
	check(err)
	if answer.StatusCode != 201 {
		log.Fatal(answer.Status, string(sdp))
	}
	check(peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(sdp)}))
}

func publish(peer *webrtc.PeerConnection, card string) {
	picture := track(peer, webrtc.MimeTypeVP8)
	sound := track(peer, webrtc.MimeTypeOpus)
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			go play(picture, card)
			go hum(sound)
		}
	})
}

func track(peer *webrtc.PeerConnection, mime string) *webrtc.TrackLocalStaticSample {
	made, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, mime[:5], "card")
	check(err)
	transceiver, err := peer.AddTransceiverFromTrack(made,
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	check(err)
	go func() {
		for buffer := make([]byte, 1500); ; {
			if _, _, err := transceiver.Sender().Read(buffer); err != nil {
				return
			}
		}
	}()
	return made
}

func play(picture *webrtc.TrackLocalStaticSample, card string) {
	for ticker := time.NewTicker(40 * time.Millisecond); ; {
		file, err := os.Open(card)
		check(err)
		reader, _, err := ivfreader.NewWith(file)
		check(err)
		for frame, _, err := reader.ParseNextFrame(); err == nil; frame, _, err = reader.ParseNextFrame() {
			<-ticker.C
			check(picture.WriteSample(media.Sample{Data: frame, Duration: 40 * time.Millisecond}))
		}
		_ = file.Close()
	}
}

func hum(sound *webrtc.TrackLocalStaticSample) {
	for range time.NewTicker(20 * time.Millisecond).C {
		check(sound.WriteSample(media.Sample{Data: []byte{0xf8, 0xff, 0xfe}, Duration: 20 * time.Millisecond}))
	}
}

func watch(peer *webrtc.PeerConnection) {
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		_, err := peer.AddTransceiverFromKind(kind,
			webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		check(err)
	}
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		counter := &counts[0]
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			counter = &counts[1]
		}
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			counter.Add(1)
		}
	})
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
