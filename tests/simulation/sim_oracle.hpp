#pragma once
// The judge: compares what the store says with what the devices and people outside say. Knows the invariants of
// docs/protocol.md, nothing of how the server works.

#include "sim_world.hpp"

namespace simulation {

class Oracle {
 public:
  explicit Oracle(World& world) : world_(world) {}

  /// `at_rest`: everything has been given the time to arrive, so it must have.
  void judge(bool at_rest);
  /// A provider is being asked.
  void pushed(const chat::PushRequest& request);
  /// Nobody is connected and every job had its time: who lacks something that nobody has read was woken for it.
  void pushes();
  /// Everybody has stored and been told everything.
  [[nodiscard]] bool settled();

 private:
  void conversation(const chat::ConversationKey& pair);
  void acknowledged();
  void mailbox(const chat::UserId& owner);
  void positions(const Client& client);
  void receipts(const chat::UserId& author, const chat::UserId& reader);
  void own_order(const Client& client);
  void presence();
  void pushes(const Client& client, const chat::Device& device);
  [[nodiscard]] chat::MailboxSeq position_of(const Client& client) const;
  /// Something is still missing on this device; empty: nothing.
  std::string missing(const Client& client);
  std::string untold(const Client& client);

  [[nodiscard]] std::vector<chat::MailboxRow> rows(const chat::UserId& owner) const;
  [[nodiscard]] bool stored_by_someone(const chat::UserId& reader, const chat::MessageId& message) const;
  [[nodiscard]] std::optional<chat::Device> row_of(const Client& client) const;
  [[nodiscard]] bool concerns(const Client& client, const chat::Device& device, const chat::MailboxRow& row) const;

  World& world_;
};

}  // namespace simulation
