#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "chat/ports/commit_batch.hpp"

namespace chat {

/// What a sealed text is bound to: a row can neither be swapped nor re-attributed (docs/security.md).
struct ContentBinding {
  MessageId message;
  UserId sender;
  UserId recipient;
};

enum class CipherError : std::uint8_t { kUnreadable, kUnknownKey };

/// Seals message contents before they reach a store. Thread-safe. Keeps a bounded cache of unwrapped data keys.
class ContentCipher {
 public:
  virtual ~ContentCipher() = default;
  /// A fresh data key for the conversation; the caller commits it no later than the first content sealed with it.
  [[nodiscard]] virtual WrappedKey create_key(const ConversationKey& conversation) = 0;
  /// kUnknownKey when `key` was wrapped by a key that the ring does not hold.
  [[nodiscard]] virtual base::Result<SealedContent, CipherError> seal(const WrappedKey& key,
                                                                      const ContentBinding& binding,
                                                                      std::string_view plaintext) = 0;
  [[nodiscard]] virtual base::Result<std::string, CipherError> open(const WrappedKey& key,
                                                                    const ContentBinding& binding,
                                                                    const SealedContent& sealed) = 0;
  /// True when the key must not seal any more (wrapped by an older epoch key, or its nonce budget of 2^32 is spent).
  [[nodiscard]] virtual bool should_rotate(const WrappedKey& key) const = 0;
};

}  // namespace chat
