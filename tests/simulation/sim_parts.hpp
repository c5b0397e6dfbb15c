#pragma once
// Small doubles of the simulation: cipher, presence, an executor whose tasks run when the schedule says so.

#include <deque>
#include <map>
#include <set>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "chat/ports/content_cipher.hpp"
#include "chat/ports/presence.hpp"

namespace simulation {

/// Binds the text to key and message, so that a swapped row is noticed; hides nothing.
class TransparentCipher final : public chat::ContentCipher {
 public:
  explicit TransparentCipher(base::RandomSource& random) : random_(random) {}
  chat::WrappedKey create_key(const chat::ConversationKey& conversation) override {
    return {chat::KeyId::make({}, random_), conversation, "wrapped"};
  }
  base::Result<chat::SealedContent, chat::CipherError> seal(const chat::WrappedKey& key,
                                                            const chat::ContentBinding& binding,
                                                            std::string_view plaintext) override {
    return chat::SealedContent{key.id, label(binding) + std::string(plaintext)};
  }
  base::Result<std::string, chat::CipherError> open(const chat::WrappedKey& key, const chat::ContentBinding& binding,
                                                    const chat::SealedContent& sealed) override {
    const auto expected = label(binding);
    if (sealed.key != key.id || !sealed.bytes.starts_with(expected)) return base::fail(chat::CipherError::kUnreadable);
    return sealed.bytes.substr(expected.size());
  }
  bool should_rotate(const chat::WrappedKey& /*key*/) const override { return random_.next() % 16 == 0; }

 private:
  static std::string label(const chat::ContentBinding& binding) {
    return binding.message.hex() + binding.sender.hex() + binding.recipient.hex();
  }
  base::RandomSource& random_;
};

class TablePresence final : public chat::Presence {
 public:
  void set_online(const chat::UserId& user, chat::ConnectionId connection, const chat::DeviceId& device) override {
    table_[user].insert_or_assign(connection, device);
  }
  void clear(const chat::UserId& user, chat::ConnectionId connection) override { table_[user].erase(connection); }
  bool is_online(const chat::UserId& user) const override {
    const auto found = table_.find(user);
    return found != table_.end() && !found->second.empty();
  }
  std::vector<Found> look_up_devices(const chat::UserId& user, std::span<const chat::DeviceId> devices) const override {
    std::vector<Found> found(devices.size());
    const auto row = table_.find(user);
    for (std::size_t i = 0; row != table_.end() && i < devices.size(); ++i) {
      for (const auto& [connection, device] : row->second) found[i].online |= device == devices[i];
    }
    return found;
  }
  void lose_everything() { table_.clear(); }

 private:
  std::map<chat::UserId, std::map<chat::ConnectionId, chat::DeviceId>> table_;
};

class StepExecutor final : public base::Executor {
 public:
  void post(base::Task task) override { tasks_.push_back(std::move(task)); }
  bool run_one() {
    if (tasks_.empty()) return false;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  void drop_all() { tasks_.clear(); }

 private:
  std::deque<base::Task> tasks_;
};

}  // namespace simulation
