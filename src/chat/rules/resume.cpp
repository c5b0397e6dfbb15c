#include "chat/rules/resume.hpp"

#include <algorithm>

namespace chat {

std::optional<EpochNumber> find_epoch(std::span<const std::string> epochs, std::string_view epoch) {
  const auto found = std::find(epochs.begin(), epochs.end(), epoch);
  if (found == epochs.end()) return std::nullopt;
  return EpochNumber(static_cast<std::uint32_t>(found - epochs.begin()) + 1);
}

ResumeDecision decide_resume(const ResumeQuestion& question) {
  const bool known = question.client_epoch.has_value();
  const bool within = question.client <= question.bounds.head;
  const bool retained = question.client.next() >= question.bounds.first;
  const bool same_history = question.client == MailboxSeq(0) ||
                            (question.entry_epoch && known && *question.entry_epoch <= *question.client_epoch);
  if (!known || !within || !retained || !same_history) {
    return {.valid = false, .start = question.stored, .confirm = question.stored};
  }
  return {.valid = true, .start = question.client, .confirm = std::max(question.client, question.stored)};
}

}  // namespace chat
