// A chat room in one file. From a browser or Node, with socket.io-client:
//
//   const socket = io("http://127.0.0.1:3000", { auth: { name: "ada" } });
//   socket.on("said", (name, text) => console.log(`${name}: ${text}`));
//   socket.emit("join", "lobby");
//   socket.emit("say", "lobby", "hello", (ok) => console.log("delivered to the room:", ok));

#include <string>

#include "base/json_writer.hpp"
#include "flags.hpp"
#include "socketio/server/standalone.hpp"

namespace {

std::string name_of(const socketio::Socket& socket) {
  const auto auth = base::parse_json(socket.auth());
  const auto name = auth.ok() ? auth.value().member("name") : std::nullopt;
  return name ? name->as_string().value_or("") : "";
}

void welcome(socketio::Socket& socket) {
  socket.on("join", [&socket](socketio::Event& event) {
    const auto room = event.argument(0).as_string();
    event.ack(room && socket.join(*room) ? "true" : "false");
  });
  socket.on("say", [&socket, name = name_of(socket)](socketio::Event& event) {
    const auto room = event.argument(0).as_string();
    const bool allowed = room && socket.rooms().contains(*room);
    if (allowed) {
      std::string arguments;
      base::append_json_string(arguments, name);
      arguments.append(",").append(event.argument(1).raw());
      socket.to(*room).emit("said", arguments);
    }
    event.ack(allowed ? "true" : "false");
  });
}

}  // namespace

int main(int count, char** arguments) {
  const examples::Flags flags(count, arguments, {{"host", "127.0.0.1"}, {"port", "3000"}});
  socketio::Server server;
  server.of("/")
      .use([](const socketio::ConnectRequest& request, socketio::Decision decision) {
        if (name_of(request.socket).empty()) return decision.refuse("a name is required", R"({"code":1})");
        decision.accept();
      })
      .on_connection(welcome);
  return socketio::run_standalone(server, {.host = flags.text("host"), .port = flags.number<std::uint16_t>("port")});
}
