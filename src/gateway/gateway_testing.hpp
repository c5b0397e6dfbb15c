#pragma once
// A gateway in a real Socket.IO server on one shard without thread or network, for tests: the client's packets go in as
// text, what it is sent comes out, time moves by hand.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/fake_services.hpp"
#include "gateway/gateway.hpp"
#include "socketio/server/fake_engine.hpp"

namespace gateway::testing {

inline const std::string kPeerHex = "020202020202020202020202";
inline constexpr const char* kAuth = R"({"token":"good"})";

/// Whether a CONNECT was answered by a socket id; the id itself is random.
inline bool is_connected(const std::string& packet) {
  return packet.starts_with(R"(0{"sid":")");
}

/// The lane's answer to a device whose backlog lies in (position, head].
inline chat::Attached attached(std::uint64_t head = 0, std::uint64_t position = 0) {
  chat::Attached answer;
  answer.epoch = "e1";
  answer.head = chat::MailboxSeq(head);
  answer.position = chat::MailboxSeq(position);
  return answer;
}

struct GatewayWorld {
  using Client = std::unique_ptr<socketio::testing::Peer>;

  explicit GatewayWorld(Options options = {}, socketio::ServerOptions server_options = {})
      : net(server_options),
        gateway({messaging, history, tokens, net.shard.clock}, options,
                std::vector<Place>{{.executor = net.shard,
                                    .timers = net.shard.timers,
                                    .is_here = [this] { return net.shard.here; },
                                    .at_end_of_turn = [this](base::Task task) { net.shard.post(std::move(task)); }}}) {
    gateway.install(net.server);
  }

  /// A client whose CONNECT was sent.
  Client knock(const std::string& auth = kAuth) {
    auto client = net.connect();
    client->text("0" + auth);
    return client;
  }
  /// The answer to the oldest attach that waits.
  void answer_attach(std::variant<chat::Attached, chat::Refusal> with = attached()) {
    ASSERT_FALSE(messaging.attaches.empty());
    auto asked = std::move(messaging.attaches.front());
    messaging.attaches.pop_front();
    asked.answer(std::move(with));
    session = asked.request.session;
  }
  /// A client that has read its `ready` (and `drained`, when nothing is pending); its announcement is off the log.
  Client join(const std::string& auth = kAuth, chat::Attached answer = attached()) {
    auto client = knock(auth);
    answer_attach(std::move(answer));
    client->turn();
    client->received();
    messaging.log.clear();
    return client;
  }
  std::vector<std::string> log() { return std::exchange(messaging.log, {}); }

  /// Appends a message from user 2 to the mailbox of user 1.
  std::shared_ptr<const chat::LogItem> store_message(const std::string& content) {
    const auto number = history.mailbox.size() + 1;
    auto item = std::make_shared<chat::LogItem>();
    item->entry = {.owner = id_of<chat::UserId>(1),
                   .position = chat::MailboxSeq(number),
                   .epoch = chat::EpochNumber(1),
                   .kind = chat::EntryKind::kMessage,
                   .peer = id_of<chat::UserId>(2),
                   .seq = chat::ConversationSeq(number),
                   .message = id_of<chat::MessageId>(static_cast<std::uint8_t>(0x10 + number)),
                   .origin = {}};
    item->message = chat::MessageView{.id = item->entry.message,
                                      .sender = id_of<chat::UserId>(2),
                                      .recipient = id_of<chat::UserId>(1),
                                      .seq = item->entry.seq,
                                      .timestamp = net.shard.clock.wall_now(),
                                      .content = content,
                                      .client_id = "theirs",
                                      .failure = {},
                                      .delivered_at = {},
                                      .read_at = {}};
    item->author_ordinal = number;
    history.mailbox.push_back(item);
    return item;
  }
  /// A message that arrives while the session is live.
  void deliver(socketio::testing::Peer& client, const std::string& content) {
    auto item = store_message(content);
    const auto head = item->entry.position;
    hint(client, {.head = head, .item = std::move(item)});
  }
  void hint(socketio::testing::Peer& client, chat::Hint what) {
    net.shard.post([live = session, what = std::move(what)]() mutable { live->on_hint(std::move(what)); });
    client.turn();
  }
  void advance(socketio::testing::Peer& client, std::chrono::milliseconds by) {
    net.shard.advance(by);
    client.turn();
  }

  socketio::testing::World net;
  FakeMessaging messaging;
  FakeHistory history;
  FakeTokens tokens;
  Gateway gateway;
  std::shared_ptr<chat::LiveSession> session;  // of the client attached last
};

}  // namespace gateway::testing
