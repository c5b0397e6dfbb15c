#pragma once
// What the lane remembers of a user and of a conversation. `loaded` is false for what has to be read again; live
// sessions, windows and counters below it survive that.

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "chat/model/account.hpp"
#include "chat/model/push.hpp"
#include "chat/ports/commit_batch.hpp"
#include "chat/rules/byte_bucket.hpp"
#include "chat/rules/hold_back.hpp"
#include "chat/rules/rate_window.hpp"
#include "chat/rules/watermark.hpp"
#include "chat/services/live_session.hpp"

namespace chat {

/// What only a device with a push address has.
struct PushState {
  std::string kind;            // of the address
  std::optional<PushJob> job;  // as the store has it, staged changes included
  WallTime not_before{};       // the provider asked for patience; a restart forgets it
};

struct DeviceState {
  DeviceId id;
  LoginId login;
  MailboxSeq position;
  WallTime last_seen{};
  // Poison and batch sizes are remembered as long as the user is cached: a restart gives every entry a fresh chance.
  MailboxSeq poison;
  std::uint8_t poison_count = 0;
  std::uint8_t halvings = 0;
  bool seen = false;                // a session of it has ended since the user was cached
  std::unique_ptr<PushState> push;  // null: no address, and a message costs nothing more
};

/// A device session in the directory. Absent from it: fenced, ended or gone, and its word no longer counts.
struct LiveRecord {
  ConnectionId connection;
  DeviceId device;
  LoginId login;
  base::SteadyTime handshake{};
  std::shared_ptr<LiveSession> session;
  /// Its pump needs what comes after this: where it began, then what it confirmed. Below the device's own position when
  /// the client resumed from further back.
  MailboxSeq reads_after;
  std::uint32_t syncs = 0;         // answered so far
  std::unique_ptr<HoldBack> held;  // made at the first refusal that holds back
  bool silent = false;
  bool repeats = false;  // has sent something twice
};

struct UserState {
  explicit UserState(const UserId& id) : key(id) {}

  UserId key;
  bool touched = true;
  bool loaded = false;
  bool in_batch = false;  // a command of this batch was given it, and may have changed it
  bool exists = false;
  bool deactivated = false;
  MailboxSeq first{1};
  MailboxSeq head;
  /// Of the newest entries, the newest in the lowest bit: is it a message of somebody else? `newest_known` of them.
  std::uint64_t newest_messages = 0;
  std::uint8_t newest_known = 0;
  WallTime last_seen{};
  base::SteadyTime offline_since{};
  std::vector<DeviceState> devices;
  MailboxSeq gone;  // how far devices had come that have gone: AccountStore::positions() under the empty id
  /// Entries up to here may have expired: a pump may have read or written them before. Forgotten with the sessions.
  MailboxSeq expired;

  std::vector<LiveRecord> live;
  RateWindow rate;
  ByteBucket bytes;
  bool announced = false;        // friends here were told, and not yet of the end
  bool grace_queued = false;     // an entry of the grace queue names this user
  bool last_seen_dirty = false;  // an entry of the last-seen queue names this user: it or a device has a row to write
  /// Marked kSkipped for one device; another one that confirms the position removes the mark. The newest few.
  std::vector<std::pair<MailboxSeq, MessageId>> skipped;

  /// A session is alive and confirms.
  [[nodiscard]] bool present() const {
    return std::any_of(live.begin(), live.end(), [](const LiveRecord& record) { return !record.silent; });
  }
  [[nodiscard]] bool pinned() const { return !live.empty() || announced || grace_queued || last_seen_dirty; }
  [[nodiscard]] DeviceState* device(const DeviceId& id) {
    for (auto& each : devices) {
      if (each.id == id) return &each;
    }
    return nullptr;
  }
  [[nodiscard]] LiveRecord* record(ConnectionId connection) {
    for (auto& each : live) {
      if (each.connection == connection) return &each;
    }
    return nullptr;
  }
  /// A session of this device is alive and confirms: nobody has to wake it.
  [[nodiscard]] bool confirms(const DeviceId& id) const {
    for (const auto& each : live) {
      if (each.device == id && !each.silent) return true;
    }
    return false;
  }
  /// What any device has confirmed, be it still there or not.
  [[nodiscard]] MailboxSeq highest_position() const {
    auto highest = gone;
    for (const auto& each : devices) highest = std::max(highest, each.position);
    return highest;
  }
};

struct ConversationState {
  explicit ConversationState(const ConversationKey& pair) : key(pair) { relation.pair = pair; }

  /// One of the two as an author.
  struct Side {
    Watermark delivered;
    Watermark read;
    std::uint64_t ordinal = 0;   // messages so far
    bool newest_known = false;   // of the two below; ordinal 0 counts as known
    ConversationSeq newest_seq;  // the author's newest message
    MessageId newest;
    ConversationSeq read_checked;  // up to here there is nothing of the author that the reader has not read
  };

  ConversationKey key;
  bool touched = true;
  bool loaded = false;
  bool in_batch = false;  // as UserState
  Relation relation;
  ConversationSeq last;
  WallTime last_at{};
  std::array<Side, 2> sides;
  std::optional<WrappedKey> wrapped;

  [[nodiscard]] bool pinned() const { return false; }
  [[nodiscard]] Side& author(const UserId& user) { return sides[user == key.low ? 0 : 1]; }
};

}  // namespace chat
