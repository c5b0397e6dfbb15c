#pragma once
// PushReview: whether a due push is still needed, and what it shows. Reads the store only; one thread.
//
// Generic by default: a title that says nothing, the number of unread messages, opaque names. With User::push_previews
// the sender's name and the beginning of the text, in the founding document's shape.

#include "chat/ports/content_cipher.hpp"
#include "chat/ports/push_provider.hpp"
#include "chat/ports/store.hpp"
#include "chat/rules/pseudonym.hpp"

namespace chat {

class PushReview {
 public:
  enum class Need : std::uint8_t {
    kPush,
    kNone,     // confirmed, read, expired, logged out meanwhile
    kUnknown,  // the store could not say
  };
  struct Verdict {
    Need need = Need::kUnknown;
    PushRequest request;  // kPush
  };

  PushReview(const Store& store, ContentCipher& cipher, const PseudonymKey& key, bool data_only)
      : store_(store), cipher_(cipher), key_(key), data_only_(data_only) {}

  [[nodiscard]] Verdict look(const PushJob& job, WallTime now) const;

 private:
  [[nodiscard]] Read<std::optional<Device>> device(const PushJob& job, WallTime now) const;
  [[nodiscard]] Read<MailboxSeq> position(const Device& device) const;
  /// Of the entries that the device has not confirmed, one is a message that nobody has read.
  [[nodiscard]] Read<bool> anything_unread(const PushJob& job, MailboxSeq after) const;
  [[nodiscard]] Read<bool> is_unread(const UserId& reader, const Message& message) const;
  [[nodiscard]] Read<std::uint64_t> unread(const UserId& user) const;
  [[nodiscard]] Read<PushRequest> compose(const PushJob& job, const PushAddress& address, const User& user,
                                          WallTime now) const;
  [[nodiscard]] Read<bool> add_preview(PushRequest& request, const PushJob& job) const;

  const Store& store_;
  ContentCipher& cipher_;
  const PseudonymKey key_;
  const bool data_only_;
};

}  // namespace chat
