#include "adapters/memory/memory_store.hpp"

#include <algorithm>

#include "base/hex.hpp"

namespace adapters::memory {

namespace {
constexpr std::size_t kEpochBytes = 16;  // 32 hex digits
}  // namespace

MemoryStore::MemoryStore() {
  reopen();
}
MemoryStore::MemoryStore(base::RandomSource& random) {
  reopen(random);
}

void MemoryStore::reopen() {
  base::SecureRandom random;
  reopen(random);
}

void MemoryStore::reopen(base::RandomSource& random) {
  const std::lock_guard lock(mutex_);
  epochs_.push_back(base::to_hex(random.bytes(kEpochBytes)));
  commit_fault_ = {};
  read_fault_ = {};
}

std::unique_ptr<MemoryStore> MemoryStore::copy() const {
  std::unique_ptr<MemoryStore> twin(new MemoryStore(CopyTag{}));
  const std::lock_guard lock(mutex_);
  twin->state_ = state_;
  twin->epochs_ = epochs_;
  twin->key_checks_ = key_checks_;
  return twin;
}

void MemoryStore::fail_commit(std::uint64_t nth, chat::StoreError cause, bool written) {
  const std::lock_guard lock(mutex_);
  commit_fault_ = {.due = commits_ + nth, .cause = cause, .written = written};
}

void MemoryStore::fail_read(std::uint64_t nth, chat::StoreError cause) {
  const std::lock_guard lock(mutex_);
  read_fault_ = {.due = reads_ + nth, .cause = cause};
}

std::uint64_t MemoryStore::commits() const {
  const std::lock_guard lock(mutex_);
  return commits_;
}

std::uint64_t MemoryStore::synced_commits() const {
  const std::lock_guard lock(mutex_);
  return synced_commits_;
}

std::uint64_t MemoryStore::reads() const {
  const std::lock_guard lock(mutex_);
  return reads_;
}

base::Result<void, chat::StoreError> MemoryStore::commit(const chat::CommitBatch& batch, chat::Durability durability) {
  const std::lock_guard lock(mutex_);
  ++commits_;
  if (durability == chat::Durability::kSynced) ++synced_commits_;
  const bool failed = commits_ == commit_fault_.due;
  if (!failed || commit_fault_.written) state_.apply(batch);
  if (failed) return base::fail(commit_fault_.cause);
  return {};
}

std::vector<std::string> MemoryStore::epochs() const {
  const std::lock_guard lock(mutex_);
  return epochs_;
}

chat::Read<std::vector<chat::KeyCheck>> MemoryStore::key_checks() const {
  return reading([this](const MemoryState& /*state*/) { return key_checks_; });
}

base::Result<bool, chat::StoreError> MemoryStore::add_key_checks(std::size_t known,
                                                                 const std::vector<chat::KeyCheck>& fresh) {
  const std::lock_guard lock(mutex_);
  if (key_checks_.size() != known) return false;
  key_checks_.insert(key_checks_.end(), fresh.begin(), fresh.end());
  return true;
}

chat::Read<std::optional<chat::WrappedKey>> MemoryStore::newest_key() const {
  return reading([](const MemoryState& state) -> std::optional<chat::WrappedKey> {
    const auto newest = std::max_element(state.keys.begin(), state.keys.end(),
                                         [](const auto& a, const auto& b) { return a.first < b.first; });
    if (newest == state.keys.end()) return std::nullopt;
    return newest->second;
  });
}

}  // namespace adapters::memory
