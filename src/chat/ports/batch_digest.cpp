#include "chat/ports/batch_digest.hpp"

#include <algorithm>

namespace chat {

namespace {

template <class T>
void make_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

/// Whose rows are written as a whole: another node reads them again.
void name_changed_rows(const CommitBatch& batch, BatchDigest& digest) {
  for (const auto& row : batch.users) digest.users.push_back(row.id);
  for (const auto& row : batch.devices) digest.users.push_back(row.user);
  for (const auto& row : batch.push_jobs) digest.users.push_back(row.user);
  for (const auto& [user, device] : batch.erased_push_jobs) digest.users.push_back(user);
  for (const auto& [user, device] : batch.erased_devices) digest.users.push_back(user);
  for (const auto& user : batch.erased_users) digest.users.push_back(user);
  for (const auto& row : batch.relations) digest.conversations.push_back(row.pair);
  for (const auto& row : batch.keys) digest.conversations.push_back(row.conversation);
  for (const auto& row : batch.erased_conversations) digest.conversations.push_back(row);
  // A message that is marked later has no number to give, but what is cached of its conversation may be about it.
  for (const auto& row : batch.messages) {
    if (row.failure) digest.conversations.push_back(row.conversation());
  }
  make_unique(digest.users);
  make_unique(digest.conversations);
}

}  // namespace

BatchDigest digest_of(const CommitBatch& batch) {
  BatchDigest digest;
  name_changed_rows(batch, digest);
  for (const auto& entry : batch.entries) digest.heads.push_back({entry.owner, entry.position});
  std::sort(digest.heads.begin(), digest.heads.end(), [](const auto& a, const auto& b) {
    return std::pair(a.owner, b.head) < std::pair(b.owner, a.head);  // the highest of an owner first
  });
  const auto rest = std::unique(digest.heads.begin(), digest.heads.end(),
                                [](const auto& a, const auto& b) { return a.owner == b.owner; });
  digest.heads.erase(rest, digest.heads.end());
  for (const auto& row : batch.messages) {
    if (row.failure) continue;
    digest.sent.push_back(
        {row.id, row.sender, row.recipient, row.seq, row.sender_ordinal, row.recipient_ordinal, row.timestamp});
  }
  digest.positions = batch.positions;
  digest.steps = batch.watermark_steps;
  digest.trims = batch.trims;
  digest.endings = batch.endings;
  return digest;
}

}  // namespace chat
