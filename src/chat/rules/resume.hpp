#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "chat/model/mailbox.hpp"

namespace chat {

/// The number of the client's epoch in the store's list; nullopt: not of this store.
[[nodiscard]] std::optional<EpochNumber> find_epoch(std::span<const std::string> epochs, std::string_view epoch);

/// What the check of (epoch, position) at CONNECT and `sync` needs (docs/protocol.md, "Resuming").
struct ResumeQuestion {
  std::optional<EpochNumber> client_epoch;  // nullopt: not in the store's list
  MailboxSeq client;                        // what the client says it has stored
  MailboxSeq stored;                        // the device's position as the store knows it
  MailboxBounds bounds;
  /// Epoch of the entry at `client`; nullopt: unknown, which is fine only for position 0.
  std::optional<EpochNumber> entry_epoch;
};
struct ResumeDecision {
  bool valid = false;
  MailboxSeq start;    // where the pump begins
  MailboxSeq confirm;  // > stored: the client's word confirms everything up to here
};

/// Valid: the epoch is in the list, position <= head, retained, and the entry there is not of a later epoch than the
/// client's. Above the stored position it confirms, below it pumps from there, invalid starts at the stored one (I10).
[[nodiscard]] ResumeDecision decide_resume(const ResumeQuestion& question);

}  // namespace chat
