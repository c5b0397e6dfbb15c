#pragma once
// The rows of a store as plain maps, and what a batch does to them. This is the specification that the other stores are
// compared with: whoever wants to know what a row of CommitBatch means reads apply().

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

#include "chat/ports/commit_batch.hpp"

namespace adapters::memory {

struct MessagePlace {
  chat::ConversationKey conversation;
  chat::ConversationSeq seq;
};

/// Copyable: a copy is a backup. Not thread-safe.
struct MemoryState {
  using ClientKey = std::tuple<chat::UserId, chat::UserId, std::string>;  // sender, recipient, client id
  using DueKey =
      std::tuple<std::string, chat::WallTime, chat::UserId, chat::DeviceId>;         // in the order of due_push_jobs()
  using WatermarkKey = std::tuple<chat::UserId, chat::UserId, chat::WatermarkKind>;  // author, reader, kind

  std::map<chat::ConversationKey, std::map<chat::ConversationSeq, chat::Message>> conversations;
  std::unordered_map<chat::MessageId, MessagePlace> message_places;
  std::map<ClientKey, chat::ConversationSeq> client_ids;
  std::unordered_map<chat::UserId, std::set<chat::UserId>> peers;
  std::unordered_map<chat::UserId, std::map<chat::MailboxSeq, chat::MailboxEntry>> mailboxes;
  std::map<WatermarkKey, std::map<chat::ConversationSeq, chat::WatermarkStep>> watermarks;
  std::unordered_map<chat::KeyId, chat::WrappedKey> keys;
  std::map<chat::ConversationKey, chat::KeyId> current_keys;
  std::unordered_map<chat::UserId, chat::User> users;
  std::unordered_map<std::string, chat::UserId> usernames;  // lower case
  std::unordered_map<std::string, chat::UserId> emails;     // lower case
  std::unordered_map<chat::UserId, std::map<chat::DeviceId, chat::Device>> devices;
  std::unordered_map<chat::UserId, std::map<chat::DeviceId, chat::MailboxSeq>> positions;
  std::unordered_map<chat::LoginId, chat::Login> logins;
  std::unordered_map<chat::UserId, std::map<chat::UserId, chat::Relation>> relations;  // under both users
  std::map<chat::UserId, std::map<chat::DeviceId, chat::PushJob>> push_jobs;
  std::set<DueKey> due_push_jobs;  // exactly one for each of push_jobs
  std::unordered_map<chat::UserId, std::map<chat::DeviceId, chat::DeviceTrace>> device_traces;

  /// Erasures first, then puts, then trims.
  void apply(const chat::CommitBatch& batch);

 private:
  void erase_device(const chat::UserId& user, const chat::DeviceId& device);
  void erase_push_job(const chat::UserId& user, const chat::DeviceId& device);
  void erase_conversation(const chat::ConversationKey& conversation);
  void erase_user(const chat::UserId& user);
  void forget_names(const chat::UserId& user);
  void put_message(const chat::Message& message);
  void put_push_job(const chat::PushJob& job);
  void put_users(const std::vector<chat::User>& changed);
  void trim(const chat::MailboxTrim& trim);
};

/// ASCII letters in lower case; all other bytes as they are.
std::string lower_case(std::string_view text);

}  // namespace adapters::memory
