#pragma once
// One connection: the server's end (live session, pump, host) and the two directions of the wire. A break loses what is
// on the wire.

#include <deque>
#include <functional>
#include <memory>

#include "chat/services/pump.hpp"
#include "sim_client.hpp"
#include "sim_parts.hpp"

namespace simulation {

class World;

struct WireEvent {
  enum class Kind { kReady, kEntries, kPing, kEnd } kind = Kind::kEntries;
  std::uint64_t number = 0;  // ack or ping
  std::vector<std::shared_ptr<const chat::LogItem>> items;
  chat::MailboxSeq to;
  chat::Attached ready;
};

class Session final : public chat::LiveSession, public chat::PumpHost, public std::enable_shared_from_this<Session> {
 public:
  Session(World& world, Client& owner, chat::ConnectionId id);

  // LiveSession
  base::Executor& executor() const override { return tasks; }
  void on_hint(chat::Hint hint) override;
  void on_transient(const chat::TransientEvent& /*event*/) override {}
  void on_end(chat::EndReason reason) override;
  void on_cut() override { on_end(chat::EndReason::kRevoked); }
  // PumpHost
  base::SteadyTime now() const override;
  base::SteadyTime accepted_at(chat::WallTime /*timestamp*/) const override { return now(); }
  const chat::DeviceId& device() const override { return client.device; }
  std::size_t wire_bytes(const chat::LogItem& item) const override {
    return item.message ? item.message->content.size() : 0;
  }
  std::optional<chat::AckNumber> write_entry(const chat::LogItem& item) override;
  std::optional<chat::AckNumber> write_batch(std::span<const std::shared_ptr<const chat::LogItem>> items,
                                             chat::MailboxSeq from, chat::MailboxSeq to) override;
  std::uint64_t ping() override;
  std::size_t buffered_bytes() const override { return 0; }
  base::SteadyTime last_fully_written() const override { return now(); }
  void read_page(chat::MailboxSeq after, chat::PageLimit limit) override;
  void check_head(chat::MailboxSeq known) override;
  void confirm(chat::PumpProgress progress) override;
  void unreadable(const chat::MailboxEntry& entry) override;
  void delivered(base::SteadyTime /*accepted*/) override {}
  void waited(chat::WallTime /*since*/) override {}
  void drained(chat::MailboxSeq /*position*/) override;
  void silent(bool silent) override;
  void stalled() override {}
  void report_poison(chat::MailboxSeq position) override;
  void close_unconfirmed() override;
  void close_without_key() override { close_unconfirmed(); }
  void wake() override;

  // The wire.
  void attached(const chat::Attached& attached);
  void deliver_one();  // server -> client
  void receive_one();  // client -> server
  void tick();
  /// The end of the world.
  void forget() {
    tasks.drop_all();
    upstream.clear();
  }
  void flush_outbox(bool repeat_in_flight);
  void say(std::function<void()> what) { upstream.push_back(std::move(what)); }

  World& world;
  Client& client;
  const chat::ConnectionId connection;
  mutable StepExecutor tasks;
  chat::Pump pump;
  std::deque<WireEvent> downstream;
  std::deque<std::function<void()>> upstream;
  bool open = true;          // the connection, as the server sees it
  bool abandoned = false;    // the device has given it up; the server has not noticed
  bool begun = false;        // attached
  chat::MailboxSeq written;  // I4
  std::uint32_t syncs = 0;   // answered

 private:
  void judge_order(chat::MailboxSeq position);
  bool store(const chat::LogItem& item);
  void answer(std::uint64_t ack, bool ok);
  void send(std::size_t index);
  bool asked_ = false;
  chat::AckNumber next_ack_ = 0;
  std::uint64_t next_ping_ = 0;
};

}  // namespace simulation
