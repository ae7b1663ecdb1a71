// A server on the Centrifuge library, set up as Centrifugo sets it up by default: JSON over WebSocket, a token
// for each connection, subscriptions by the client, recovery, pings, and an HTTP API to publish through.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/centrifugal/centrifuge"
)

const (
	historySize = 1000 // as many changes as Showcaller keeps for those who resume
	historyTTL  = time.Hour
	pongTimeout = 8 * time.Second // Centrifugo's default; the library's is 10 s
	writeDelay  = 10 * time.Millisecond
)

var (
	redis = flag.String("redis", "", "HOST:PORT of the Redis engine; without it, the memory engine")
	tuned = flag.Bool("tuned", false, "with what the library documents as saving CPU and memory")
)

func main() {
	flag.Parse()
	node := newNode()
	must(node.Run())
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, transport()))
	mux.HandleFunc("POST /api/publish", func(w http.ResponseWriter, r *http.Request) { publish(node, w, r) })
	mux.HandleFunc("POST /collect", func(http.ResponseWriter, *http.Request) { debug.FreeOSMemory() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() { must(http.Serve(listener, mux)) }()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}

func newNode() *centrifuge.Node {
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:   centrifuge.LogLevelInfo,
		LogHandler: func(entry centrifuge.LogEntry) { log.Print(entry.Message, entry.Fields) },
		GetChannelMediumOptions: func(string) centrifuge.ChannelMediumOptions {
			return centrifuge.ChannelMediumOptions{SharedPositionSync: *tuned}
		},
	})
	must(err)
	if *redis != "" {
		shard, err := centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: *redis})
		must(err)
		broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{Shards: []*centrifuge.RedisShard{shard}})
		must(err)
		node.SetBroker(broker)
	}
	node.OnConnecting(func(_ context.Context, event centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		reply := centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: event.Token}}
		if *tuned {
			reply.WriteDelay, reply.WriteWithTimer, reply.MaxMessagesInFrame = writeDelay, true, -1
		}
		return reply, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
			done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: true}}, nil)
		})
	})
	return node
}

func transport() centrifuge.WebsocketConfig {
	config := centrifuge.WebsocketConfig{PingPongConfig: centrifuge.PingPongConfig{PongTimeout: pongTimeout}}
	if *tuned {
		config.ReadBufferSize, config.UseWriteBufferPool, config.ProcessCommandsOffReadLoop = 512, true, true
	}
	return config
}

func publish(node *centrifuge.Node, w http.ResponseWriter, r *http.Request) {
	var message struct {
		Channel string          `json:"channel"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	history := centrifuge.WithHistory(historySize, historyTTL)
	if _, err := node.Publish(message.Channel, message.Data, history); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprint(w, `{"result":{}}`)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
