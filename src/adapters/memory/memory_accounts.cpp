// The AccountStore half of MemoryStore.

#include <algorithm>

#include "adapters/memory/memory_store.hpp"

namespace adapters::memory {

namespace {

std::optional<chat::User> find_user(const MemoryState& state, const chat::UserId& id) {
  const auto found = state.users.find(id);
  if (found == state.users.end()) return std::nullopt;
  return found->second;
}

template <class Index>
std::optional<chat::User> find_by(const MemoryState& state, const Index& index, std::string_view name) {
  const auto found = index.find(lower_case(name));
  if (found == index.end()) return std::nullopt;
  return find_user(state, found->second);
}

}  // namespace

chat::Read<std::optional<chat::User>> MemoryStore::user(const chat::UserId& id) const {
  return reading([&](const MemoryState& state) { return find_user(state, id); });
}

chat::Read<std::optional<chat::User>> MemoryStore::user_by_name(std::string_view username) const {
  return reading([&](const MemoryState& state) { return find_by(state, state.usernames, username); });
}

chat::Read<std::optional<chat::User>> MemoryStore::user_by_email(std::string_view email) const {
  return reading([&](const MemoryState& state) { return find_by(state, state.emails, email); });
}

chat::Read<bool> MemoryStore::has_users() const {
  return reading([&](const MemoryState& state) { return !state.users.empty(); });
}

chat::Read<std::vector<chat::UserId>> MemoryStore::users_after(const chat::UserId& after, std::size_t limit) const {
  return reading([&](const MemoryState& state) {
    std::vector<chat::UserId> found;
    for (const auto& [id, user] : state.users) {
      if (id > after) found.push_back(id);
    }
    std::sort(found.begin(), found.end());
    if (found.size() > limit) found.resize(limit);
    return found;
  });
}

chat::Read<std::vector<chat::Device>> MemoryStore::devices(const chat::UserId& user) const {
  return reading([&](const MemoryState& state) {
    std::vector<chat::Device> found;
    if (const auto rows = state.devices.find(user); rows != state.devices.end()) {
      for (const auto& [id, device] : rows->second) found.push_back(device);
    }
    return found;
  });
}

chat::Read<std::vector<chat::DevicePosition>> MemoryStore::positions(const chat::UserId& user) const {
  return reading([&](const MemoryState& state) {
    std::vector<chat::DevicePosition> found;
    if (const auto rows = state.positions.find(user); rows != state.positions.end()) {
      for (const auto& [device, position] : rows->second) found.push_back({user, device, position});
    }
    return found;
  });
}

chat::Read<std::optional<chat::Login>> MemoryStore::login(const chat::LoginId& id) const {
  return reading([&](const MemoryState& state) -> std::optional<chat::Login> {
    const auto found = state.logins.find(id);
    if (found == state.logins.end()) return std::nullopt;
    return found->second;
  });
}

chat::Read<std::vector<chat::Login>> MemoryStore::logins(const chat::UserId& user) const {
  return reading([&](const MemoryState& state) {
    std::map<chat::LoginId, chat::Login> ordered;
    for (const auto& [id, login] : state.logins) {
      if (login.user == user) ordered.emplace(id, login);
    }
    std::vector<chat::Login> found;
    for (auto& [id, login] : ordered) found.push_back(std::move(login));
    return found;
  });
}

chat::Read<chat::Relation> MemoryStore::relation(const chat::ConversationKey& pair) const {
  return reading([&](const MemoryState& state) -> chat::Relation {
    if (const auto rows = state.relations.find(pair.low); rows != state.relations.end()) {
      if (const auto found = rows->second.find(pair.high); found != rows->second.end()) return found->second;
    }
    return {.pair = pair};
  });
}

chat::Read<std::vector<chat::Relation>> MemoryStore::relations(const chat::UserId& user) const {
  return reading([&](const MemoryState& state) {
    std::vector<chat::Relation> found;
    if (const auto rows = state.relations.find(user); rows != state.relations.end()) {
      for (const auto& [peer, relation] : rows->second) found.push_back(relation);
    }
    return found;
  });
}

}  // namespace adapters::memory
