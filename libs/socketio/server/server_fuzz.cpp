// Arbitrary packets, in arbitrary pieces, against a server whose application answers, joins, leaves and broadcasts.
// Input: records of a length byte and that many bytes; the length's top bit makes the message binary.

#include <cstdint>

#include "socketio/server/fake_engine.hpp"

namespace {

void behave(socketio::Socket& socket) {
  socket.on_any([&socket](socketio::Event& event) {
    socket.emit("back", event.arguments, event.attachments);
    event.ack(event.arguments, event.attachments);
  });
  socket.on("join", [&socket](socketio::Event& event) {
    socket.join(event.argument(0).as_string().value_or("room"));
    socket.broadcast().emit("joined");
  });
  socket.on("ask", [&socket](socketio::Event&) {
    socket.emit_with_ack("question", "1", [&socket](socketio::AckOutcome, const socketio::Ack& ack) {
      if (ack.argument(0).is_null()) socket.disconnect();
    });
  });
  socket.on("leave", [&socket](socketio::Event&) { socket.disconnect(); });
  socket.on("end", [&socket](socketio::Event&) { socket.disconnect(socketio::DisconnectScope::kConnection); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::uint8_t kBinary = 0x80;
  std::string_view left(reinterpret_cast<const char*>(bytes), size);
  socketio::testing::World world;
  world.server.of("/").on_connection(behave);
  world.server.of([](std::string_view name) { return name.size() < 4; }).on_connection(behave);
  auto peer = world.connect();
  auto other = world.join();
  while (left.size() > 1 && peer->open()) {
    const auto head = static_cast<std::uint8_t>(left.front());
    const std::string record(left.substr(1, head & ~kBinary));
    left.remove_prefix(1 + record.size());
    if ((head & kBinary) != 0) {
      peer->binary(record);
    } else {
      peer->text(record);
    }
  }
  world.shard.advance(std::chrono::milliseconds(60'000));
  return 0;
}
