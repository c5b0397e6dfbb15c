// A chat room server of which any number can run, together with Node.js servers that use @socket.io/redis-adapter:
//
//   cluster_chat --port 3000 --redis redis://127.0.0.1:6379
//   cluster_chat --port 3001 --redis redis://127.0.0.1:6379
//
// With --protocol dynamic (or static, dynamic-private) the Node.js servers use createShardedAdapter.
// Clients say with events what they want; each call below reaches the sockets of all nodes. tests/broadcaster drives
// it.

#include <signal.h>

#include <chrono>
#include <memory>

#include "aio/shard.hpp"
#include "base/json_writer.hpp"
#include "flags.hpp"
#include "redis/url.hpp"
#include "socketio/broadcaster_redis/redis_broadcaster.hpp"
#include "socketio/engineio/session.hpp"
#include "socketio/server/standalone.hpp"

namespace {

using socketio::AckResponder;
using socketio::BroadcastAnswers;
using socketio::Event;
using socketio::Socket;

constexpr std::chrono::milliseconds kAnswersWithin{3'000};
constexpr aio::ShardIndex kRedisShard{1'000};  // any number that no other shard has

std::string text(const Event& event, std::size_t index) {
  return event.argument(index).as_string().value_or("");
}

/// [answer…], expected
std::string to_json(const BroadcastAnswers& answers) {
  std::string out;
  base::JsonWriter json(out);
  json.begin_array();
  for (const auto& answer : answers.answers) json.raw(answer);
  json.end_array().value(answers.expected);
  return out;
}

void write_names(base::JsonWriter& json, const std::vector<std::string>& names) {
  json.begin_array();
  for (const auto& name : names) json.value(name);
  json.end_array();
}

std::string to_json(const std::vector<socketio::RemoteSocket>& sockets) {
  std::string out;
  base::JsonWriter json(out);
  json.begin_array();
  for (const auto& socket : sockets) {
    json.begin_object().member("id", socket.id);
    write_names(json.key("rooms"), socket.rooms);
    json.end_object();
  }
  json.end_array();
  return out;
}

auto reply_with_answers(Event& event) {
  return [ack = std::move(event.ack)](const BroadcastAnswers& answers) mutable { ack(to_json(answers)); };
}

void serve_rooms(Socket& socket) {
  socket.on("join", [&socket](Event& event) {
    socket.join(text(event, 0));
    event.ack();
  });
  // room, value: to everybody in the room but the speaker
  socket.on("say", [&socket](Event& event) {
    socket.to(text(event, 0)).emit("said", event.argument(1).raw(), event.attachments);
  });
  socket.on("shout", [&socket](Event& event) { socket.space().emit("said", event.argument(0).raw()); });
  // room, other room
  socket.on("move", [&socket](Event& event) { socket.space().to(text(event, 0)).sockets_join(text(event, 1)); });
  socket.on("unmove", [&socket](Event& event) { socket.space().to(text(event, 0)).sockets_leave(text(event, 1)); });
  socket.on("kick", [&socket](Event& event) { socket.space().to(text(event, 0)).disconnect_sockets(); });
}

void serve_questions(Socket& socket) {
  socket.on("ask", [&socket](Event& event) {
    socket.broadcast().emit_with_ack("question", event.argument(0).raw(), kAnswersWithin, socket.engine().shard(),
                                     reply_with_answers(event));
  });
  socket.on("who", [&socket](Event& event) {
    socket.space().everybody().fetch_sockets(
        socket.engine().shard(),
        [ack = std::move(event.ack)](const std::vector<socketio::RemoteSocket>& all) mutable { ack(to_json(all)); });
  });
  socket.on("rooms", [&socket](Event& event) {
    socket.space().fetch_rooms(socketio::Namespace::Reach::kCluster, socket.engine().shard(),
                               [ack = std::move(event.ack)](const std::vector<std::string>& names) mutable {
                                 std::string out;
                                 base::JsonWriter json(out);
                                 write_names(json, names);
                                 ack(out);
                               });
  });
  socket.on("tell-servers",
            [&socket](Event& event) { socket.space().server_side_emit(text(event, 0), event.argument(1).raw()); });
  socket.on("ask-servers", [&socket](Event& event) {
    socket.space().server_side_emit(text(event, 0), event.argument(1).raw(), kAnswersWithin, socket.engine().shard(),
                                    reply_with_answers(event));
  });
}

void serve_counters(Socket& socket, const broadcaster_redis::BroadcasterCounters& counters) {
  socket.on("counters", [&counters](Event& event) {
    std::string out;
    base::JsonWriter json(out);
    json.begin_object().member("published", counters.published.load()).member("received", counters.received.load());
    json.member("unpublished", counters.unpublished.load()).member("ignored", counters.ignored.load()).end_object();
    event.ack(out);
  });
}

/// Events of other servers are shown to the clients of this one.
void show_server_event(socketio::Namespace& space, socketio::ServerEvent& event) {
  std::string shown;
  base::append_json_string(shown, event.name);
  if (!event.arguments.empty()) shown.append(",").append(event.arguments);
  space.everybody().local().emit("server-event", shown, event.attachments);
  if (event.ack) event.ack(R"({"from":"cluster_chat"})");
}

/// "classic", or the mode of the sharded protocol.
bool read_protocol(std::string_view name, broadcaster_redis::BroadcasterOptions& options) {
  using broadcaster_redis::SubscriptionMode;
  if (name == "classic") return true;
  options.protocol = broadcaster_redis::Protocol::kSharded;
  if (name == "static") options.subscription_mode = SubscriptionMode::kStatic;
  if (name == "dynamic-private") options.subscription_mode = SubscriptionMode::kDynamicPrivate;
  return name == "static" || name == "dynamic" || name == "dynamic-private";
}

/// The shard of Redis starts before the server's own threads, and must not take the signals that end it.
void block_ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

int main(int count, char** arguments) {
  const examples::Flags flags(count, arguments,
                              {{"host", "127.0.0.1"},
                               {"port", "3000"},
                               {"shards", "2"},
                               {"redis", "redis://127.0.0.1:6379"},
                               {"redis-ca", ""},
                               {"prefix", "socket.io"},
                               {"protocol", "classic"}});
  const auto endpoint = redis::parse_url(flags.text("redis"));
  if (!endpoint || !endpoint->seeds.empty()) {
    std::fprintf(stderr,
                 "--redis takes redis://[user:password@]host[:port][/database], rediss:// for TLS, or "
                 "redis+sentinel://host[:port][,host[:port]…]/group\n");
    return 2;
  }
  broadcaster_redis::BroadcasterOptions options;
  if (!read_protocol(flags.text("protocol"), options)) {
    std::fprintf(stderr, "--protocol takes classic, static, dynamic or dynamic-private\n");
    return 2;
  }
  block_ending_signals();
  const base::SystemClock clock;
  aio::Shard redis_shard(kRedisShard, clock);
  socketio::Server server;
  options.redis.endpoint = *endpoint;
  options.redis.ca_file = flags.text("redis-ca");
  options.prefix = flags.text("prefix");
  const auto broadcaster = std::make_shared<broadcaster_redis::RedisBroadcaster>(redis_shard, options);
  for (const char* name : {"/", "/side"}) {
    auto& space = server.of(name);
    space.on_connection([&counters = broadcaster->counters()](Socket& socket) {
      serve_rooms(socket);
      serve_questions(socket);
      serve_counters(socket, counters);
    });
    space.on_server_event([&space](socketio::ServerEvent& event) { show_server_event(space, event); });
  }
  server.set_broadcaster(broadcaster);
  redis_shard.start();
  return socketio::run_standalone(server, {.host = flags.text("host"),
                                           .port = flags.number<std::uint16_t>("port"),
                                           .shards = flags.number<std::size_t>("shards"),
                                           .engine = socketio::on_socketio_path(),
                                           .on_drained = [&redis_shard] { redis_shard.stop(); }});
}
