#pragma once
// Keys of the store. All rows live in one sorted space; the first byte names the table. Ids are their raw bytes,
// numbers are big-endian, so that byte order is number order and a mailbox or a conversation is one contiguous range.
//
//   A  conversation direction client-id      -> number of the message               (idempotency)
//   B  message-id                            -> conversation number
//   C  conversation number                   -> message
//   D  conversation direction kind up-to     -> watermark step
//   E  owner position                        -> mailbox entry
//   F  owner                                 -> first position that is kept          (absent: nothing was trimmed)
//   G  user device-id                        -> position
//   H  user peer                             -> (empty)                              (conversation list)
//   I  kind 0 due user device-id             -> (empty)                              (push jobs by due)
//   J  user device-id                        -> push job
//   K  key-id                                -> wrapped data key
//   L  conversation                          -> id of its current key
//   M  conversation key-id                   -> (empty)                              (all keys of a conversation)
//   N  username in lower case                -> user-id
//   O  email in lower case                   -> user-id
//   P  user device-id                        -> device
//   Q  login-id                              -> login
//   R  user login-id                         -> (empty)
//   S  user peer                             -> relation                             (listed under both)
//   T  user device-id                        -> trace of the last pushes
//   U  user-id                               -> user
//   X  number                                -> key check                            (ports/key_checks.hpp)
//   Y  number                                -> epoch id
//   Z  "format"                              -> format of the store
//
//   due = milliseconds since 1970 plus 2^63, so that the order of bytes is the order of signed times
//   conversation = low user-id ‖ high user-id          direction = 0: by low, to high; 1: by high, to low
//
// A..D sort before E on purpose: one iterator bounded by the end of a mailbox also reads the messages and watermarks
// that its page needs, all as of one instant.

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "chat/model/ids.hpp"
#include "chat/model/message.hpp"
#include "chat/model/push.hpp"

namespace adapters::rocksdb {

enum class Table : char {
  kClientId = 'A',
  kMessageId = 'B',
  kMessage = 'C',
  kWatermark = 'D',
  kEntry = 'E',
  kFloor = 'F',
  kPosition = 'G',
  kPeer = 'H',
  kPushDue = 'I',
  kPushJob = 'J',
  kKey = 'K',
  kCurrentKey = 'L',
  kKeyOfConversation = 'M',
  kUsername = 'N',
  kEmail = 'O',
  kDevice = 'P',
  kLogin = 'Q',
  kLoginOfUser = 'R',
  kRelation = 'S',
  kDeviceTrace = 'T',
  kUser = 'U',
  kKeyCheck = 'X',
  kEpoch = 'Y',
  kFormat = 'Z',
};

/// A key under construction. Short ones (all of the hot path) need no allocation.
class Key {
 public:
  explicit Key(Table table) { append_byte(static_cast<char>(table)); }

  Key& add(std::string_view text) {
    append(text.data(), text.size());
    return *this;
  }
  template <class Tag>
  Key& add(const base::ObjectId<Tag>& id) {
    return add(id.view());
  }
  Key& add(const chat::ConversationKey& conversation) { return add(conversation.low).add(conversation.high); }
  Key& add_byte(std::uint8_t byte) {
    append_byte(static_cast<char>(byte));
    return *this;
  }
  /// Eight bytes, big-endian.
  Key& add_number(std::uint64_t number) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (56 - 8 * i));
    append(bytes, sizeof bytes);
    return *this;
  }

  [[nodiscard]] std::string_view view() const {
    return large_.empty() ? std::string_view(small_, size_) : std::string_view(large_);
  }

 private:
  static constexpr std::size_t kSmall = 112;  // a conversation, a direction and the longest usual client id

  void append_byte(char byte) { append(&byte, 1); }
  void append(const char* bytes, std::size_t count) {
    if (large_.empty() && size_ + count <= kSmall) {
      if (count != 0) std::memcpy(small_ + size_, bytes, count);
      size_ += count;
      return;
    }
    if (large_.empty()) large_.assign(small_, size_);
    large_.append(bytes, count);
  }

  char small_[kSmall];
  std::size_t size_ = 0;
  std::string large_;  // in use when not empty
};

inline std::uint8_t direction(const chat::ConversationKey& conversation, const chat::UserId& author) {
  return author == conversation.low ? 0 : 1;
}

inline Key message_key(const chat::ConversationKey& conversation, chat::ConversationSeq seq) {
  return Key(Table::kMessage).add(conversation).add_number(seq.value);
}
inline Key message_id_key(const chat::MessageId& id) {
  return Key(Table::kMessageId).add(id);
}
inline Key client_id_key(const chat::UserId& sender, const chat::UserId& recipient, std::string_view client_id) {
  const auto conversation = chat::ConversationKey::of(sender, recipient);
  return Key(Table::kClientId).add(conversation).add_byte(direction(conversation, sender)).add(client_id);
}
/// All steps of one watermark; add_number(up_to) makes the key of one.
inline Key watermark_prefix(const chat::UserId& author, const chat::UserId& reader, chat::WatermarkKind kind) {
  const auto conversation = chat::ConversationKey::of(author, reader);
  return Key(Table::kWatermark)
      .add(conversation)
      .add_byte(direction(conversation, author))
      .add_byte(static_cast<std::uint8_t>(kind));
}
inline Key entry_key(const chat::UserId& owner, chat::MailboxSeq position) {
  return Key(Table::kEntry).add(owner).add_number(position.value);
}
inline Key floor_key(const chat::UserId& owner) {
  return Key(Table::kFloor).add(owner);
}

inline Key push_job_key(const chat::UserId& user, const chat::DeviceId& device) {
  return Key(Table::kPushJob).add(user).add(device.value);
}
inline Key device_trace_key(const chat::UserId& user, const chat::DeviceId& device) {
  return Key(Table::kDeviceTrace).add(user).add(device.value);
}
/// All jobs of one provider; no kind holds a zero byte.
inline Key push_kind_prefix(std::string_view kind) {
  return Key(Table::kPushDue).add(kind).add_byte(0);
}
/// All jobs of one provider that are due at one time; add(user).add(device) makes the key of one.
inline Key push_due_prefix(std::string_view kind, chat::WallTime due) {
  const auto ms = static_cast<std::uint64_t>(due.time_since_epoch().count());
  return push_kind_prefix(kind).add_number(ms ^ (std::uint64_t{1} << 63));
}
inline Key push_due_key(const chat::PushJob& job) {
  return push_due_prefix(job.kind, job.due).add(job.user).add(job.device.value);
}
/// user device-id of a key of that kind.
inline std::string_view owner_of_place(std::string_view push_due_key) {
  constexpr std::size_t kDueBytes = 8;
  return push_due_key.substr(std::min(push_due_key.size(), push_due_key.find('\0') + 1 + kDueBytes));
}

/// The last eight bytes of a key as a number.
inline std::uint64_t number_of(std::string_view key) {
  std::uint64_t number = 0;
  for (const char c : key.substr(key.size() - 8)) number = (number << 8) | static_cast<unsigned char>(c);
  return number;
}
inline chat::MailboxSeq position_of(std::string_view entry_key) {
  return chat::MailboxSeq(number_of(entry_key));
}

/// Names are unique without regard to ASCII case: their keys are in lower case.
inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// The smallest key above all that begin with `prefix` (which holds a byte below 0xff: the table's letter).
inline std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  while (static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace adapters::rocksdb
