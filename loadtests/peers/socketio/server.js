// A Socket.IO server as its own pages advise for many connections: WebSocket only, native add-ons, and the
// first HTTP request of each session let go of. Publishing is a POST to the application around it.
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const http = createServer((request, response) => {
  if (request.url.startsWith("/socket.io/")) return; // Socket.IO answers
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    if (request.url === "/collect") global.gc();
    else {
      const { channel, data } = JSON.parse(body);
      io.to(channel).emit("message", data);
    }
    response.end("{}");
  });
});
const io = new Server(http, { transports: ["websocket"], serveClient: false });

io.engine.on("connection", (raw) => (raw.request = null));
io.on("connection", (socket) => {
  socket.on("subscribe", (channel, done) => {
    socket.join(channel);
    done();
  });
});

http.keepAliveTimeout = 0; // who publishes stays connected
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
process.on("SIGTERM", () => process.exit(0));
