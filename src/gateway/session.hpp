#pragma once
// Session: one authenticated (or authenticating) socket of one device. It owns the pump of its mailbox, hands what the
// client says to the services and writes what the services say. Lives on its connection's shard; created in the
// middleware, ends itself in on_disconnect, which the Socket.IO server calls exactly once.
//
// Rooms (Options::rooms), from `ready` to the end: `user:<userId>` and `device:<userId>:<device>`.

#include <memory>
#include <optional>
#include <vector>

#include "aio/timer_wheel.hpp"
#include "chat/services/pump.hpp"
#include "gateway/event_budget.hpp"
#include "gateway/gateway.hpp"

namespace gateway {

class Session final : public socketio::SocketHandler, private chat::PumpHost {
 public:
  /// Hands itself to the socket and asks the lane to attach it; the decision follows the lane's answer.
  static void start(Gateway& gateway, const socketio::ConnectRequest& request, socketio::Decision decision,
                    const chat::AccessClaims& claims, ConnectPayload payload);

 private:
  /// What the lane's posts find: the session, or nothing any more.
  class Port;
  struct Admission;

  Session(Gateway& gateway, socketio::SocketRef socket, const chat::AccessClaims& claims,
          const ConnectPayload& payload);
  ~Session() override;

  void on_event(socketio::Event& event) override;
  void on_ack(const socketio::Ack& ack) override;
  void on_pong(std::uint64_t number) override;
  void on_drain() override;
  void on_disconnect(socketio::DisconnectReason reason) override;

  [[nodiscard]] base::SteadyTime now() const override;
  [[nodiscard]] base::SteadyTime accepted_at(chat::WallTime timestamp) const override;
  [[nodiscard]] const chat::DeviceId& device() const override { return device_; }
  [[nodiscard]] std::size_t wire_bytes(const chat::LogItem& item) const override;
  std::optional<chat::AckNumber> write_entry(const chat::LogItem& item) override;
  std::optional<chat::AckNumber> write_batch(std::span<const std::shared_ptr<const chat::LogItem>> items,
                                             chat::MailboxSeq from, chat::MailboxSeq to) override;
  std::uint64_t ping() override;
  [[nodiscard]] std::size_t buffered_bytes() const override;
  [[nodiscard]] base::SteadyTime last_fully_written() const override;
  void read_page(chat::MailboxSeq after, chat::PageLimit limit) override;
  void check_head(chat::MailboxSeq known) override;
  void confirm(chat::PumpProgress progress) override;
  void unreadable(const chat::MailboxEntry& entry) override;
  void delivered(base::SteadyTime accepted) override;
  void waited(chat::WallTime since) override;
  void drained(chat::MailboxSeq position) override;
  void silent(bool silent) override;
  void stalled() override;
  void report_poison(chat::MailboxSeq position) override;
  void close_unconfirmed() override;
  void close_without_key() override;
  void close_transport();
  void observe_receipt(const chat::LogItem& item) const;
  void wake() override;

  void on_attached(std::variant<chat::Attached, chat::Refusal> answer);
  std::unique_ptr<Admission> take_admission();
  void refuse(const chat::Refusal& refusal);
  void begin(const chat::Attached& attached);
  void enter_rooms(socketio::Socket& socket) const;
  void end(chat::EndReason reason);
  void on_transient(const chat::TransientEvent& event);
  void tell(const chat::TransientEvent& event);
  [[nodiscard]] bool waits_for_the_log(const chat::PresenceEvent& event);
  void tell_what_waited();
  void on_timer();
  void arm_timer();
  void announce();

  void on_page(std::variant<chat::LogPage, chat::Refusal> answer);
  void on_synced(socketio::AckResponder& ack, const std::variant<chat::SyncAnswer, chat::Refusal>& answer);
  /// Null when the session has ended. For callbacks that come later.
  static Session* session_of(const std::shared_ptr<Port>& port);

  void handle_send(socketio::Event& event);
  void handle_mark_read(socketio::Event& event);
  void handle_typing(socketio::Event& event);
  void handle_sync(socketio::Event& event);
  [[nodiscard]] bool within_budget(socketio::Event& event);
  void answer_refused(socketio::AckResponder& ack, const chat::Refusal& refusal);
  [[nodiscard]] chat::Messaging& messaging() const { return gateway_.services_.messaging; }

  Gateway& gateway_;
  Gateway::Room& room_;
  socketio::SocketRef socket_;
  std::shared_ptr<Port> port_;
  std::unique_ptr<Admission> admission_;  // until the decision is made
  chat::UserId user_;
  chat::LoginId login_;
  chat::DeviceId device_;
  chat::ConnectionId connection_;
  chat::Pump pump_;
  aio::Timer timer_;
  base::SteadyTime announce_at_ = base::SteadyTime::max();
  base::SteadyTime ready_at_{};
  EventBudget budget_;
  std::vector<chat::PresenceEvent> waiting_;  // for the log; one a user, the latest
  std::uint32_t syncs_ = 0;                   // that the pump was moved by
  bool batch_ = false;
  bool heartbeat_ = false;
  std::optional<chat::EndReason> ended_early_;
  bool joined_ = false;
  bool begun_ = false;
  bool announced_ = false;
};

}  // namespace gateway
