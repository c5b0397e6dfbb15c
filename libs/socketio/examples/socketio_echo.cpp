// The server that the Socket.IO protocol suites are run against: namespaces `/` and `/custom`, which greet with what
// the client sent as auth; on `/` every message comes back.

#include "flags.hpp"
#include "socketio/server/standalone.hpp"

namespace {

void greet(socketio::Socket& socket) {
  socket.emit("auth", socket.auth());
}

void echo(socketio::Socket& socket) {
  greet(socket);
  socket.on("message",
            [&socket](socketio::Event& event) { socket.emit("message-back", event.arguments, event.attachments); });
  socket.on("message-with-ack", [](socketio::Event& event) { event.ack(event.arguments, event.attachments); });
}

}  // namespace

int main(int count, char** arguments) {
  const examples::Flags flags(count, arguments,
                              {{"host", "127.0.0.1"},
                               {"port", "3000"},
                               {"ping-interval", "25000"},
                               {"ping-timeout", "20000"},
                               {"max-payload", "1000000"},
                               {"connect-timeout", "45000"},
                               {"path", "/socket.io/"},
                               {"origin", ""}});
  socketio::Server server({.connect_timeout = flags.milliseconds("connect-timeout")});
  server.of("/").on_connection(echo);
  server.of("/custom").on_connection(greet);

  // One shard: the suites send a poll and a closing POST on two connections at once and expect them to be handled in
  // the order in which they were opened, which only a single thread can promise.
  socketio::StandaloneOptions options{
      .host = flags.text("host"), .port = flags.number<std::uint16_t>("port"), .shards = 1};
  options.engine.path = flags.text("path");
  options.engine.ping_interval = flags.milliseconds("ping-interval");
  options.engine.ping_timeout = flags.milliseconds("ping-timeout");
  options.engine.max_payload = flags.number<std::size_t>("max-payload");
  if (const std::string& origin = flags.text("origin"); !origin.empty()) {
    options.engine.cors.origins = {origin};
    if (origin != "*") options.engine.allowed_origins = {origin};
  }
  return socketio::run_standalone(server, options);
}
