#pragma once
// Doubles for tests of what is built on the commit lane: a lane that decides, commits and replies at once, an executor
// that waits to be run, and transparent hashes and tokens. Test code only; header-only so that other rooms' tests can
// use it (they link adapter_memory).

#include <algorithm>
#include <deque>
#include <set>

#include "adapters/memory/memory_store.hpp"
#include "chat/ports/presence.hpp"
#include "chat/services/accounts_service.hpp"
#include "chat/services/relations_service.hpp"

namespace chat::testing {

class QueuedExecutor final : public base::Executor {
 public:
  void post(base::Task task) override { tasks_.push_back(std::move(task)); }
  void run() {
    while (!tasks_.empty()) {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  std::deque<base::Task> tasks_;
};

struct Ending {
  std::string what;  // "login <hex>", "device <id>", "user <hex>"
  EndReason reason{};
  friend bool operator==(const Ending&, const Ending&) = default;
};

/// Every command is its own batch and finished when submit() returns.
class InstantLane final : public CommandQueue, public LaneContext {
 public:
  InstantLane(adapters::memory::MemoryStore& store, const base::Clock& clock, base::RandomSource& random)
      : store_(store), clock_(clock), random_(random) {}

  bool full = false;
  std::vector<Ending> endings;
  std::vector<std::pair<ConversationKey, bool>> friendship_changes;
  std::set<std::pair<UserId, DeviceId>> live;
  bool presence_answers = true;  // about those that are not live here

  bool submit(std::unique_ptr<LaneCommand>& command) override {
    if (full) return false;
    const auto owned = std::move(command);
    batch_.clear();
    heads_.clear();
    failed_.reset();
    const auto endings_before = endings.size();
    owned->stage(*this);
    auto failed = failed_;
    if (!failed && !batch_.empty()) {
      if (const auto committed = store_.commit(batch_, Durability::kSynced); !committed) failed = committed.error();
    }
    if (failed) endings.resize(endings_before);
    owned->finish(*this, failed);
    return true;
  }

  [[nodiscard]] const Store& store() const override { return store_; }
  void fail(StoreError error) override { failed_ = error; }
  [[nodiscard]] CommitBatch& batch() override { return batch_; }
  [[nodiscard]] WallTime now() const override { return clock_.wall_now(); }
  [[nodiscard]] base::RandomSource& random() override { return random_; }
  MailboxSeq append_entry(MailboxEntry entry) override {
    entry.position = head(entry.owner).next();
    entry.epoch = EpochNumber(1);
    heads_[entry.owner] = entry.position;
    batch_.entries.push_back(entry);
    return entry.position;
  }
  [[nodiscard]] MailboxSeq head(const UserId& owner) override {
    const auto staged = heads_.find(owner);
    return staged != heads_.end() ? staged->second : store_.mailbox_bounds(owner).value().head;
  }
  [[nodiscard]] Relation relation(const ConversationKey& pair) override { return store_.relation(pair).value(); }
  void put_relation(const Relation& relation) override { batch_.relations.push_back(relation); }
  void erase_push_job(const PushJob& job) override { batch_.erased_push_jobs.emplace_back(job.user, job.device); }
  void forget_user(const UserId& /*user*/) override {}
  void forget_conversation(const ConversationKey& /*conversation*/) override {}
  void end_login(const LoginId& login, EndReason reason) override {
    endings.push_back({"login " + login.hex(), reason});
  }
  void end_device(const UserId& /*user*/, const DeviceId& device, EndReason reason) override {
    endings.push_back({"device " + device.value, reason});
  }
  void end_user(const UserId& user, EndReason reason, std::optional<LoginId> except) override {
    endings.push_back({"user " + user.hex() + (except ? " but " + except->hex() : ""), reason});
  }
  [[nodiscard]] bool is_online(const UserId& user) const override {
    return std::any_of(live.begin(), live.end(), [&](const auto& each) { return each.first == user; });
  }
  [[nodiscard]] std::vector<Presence::Found> look_up_devices(const UserId& user,
                                                             std::span<const DeviceId> devices) const override {
    std::vector<Presence::Found> found;
    for (const auto& device : devices) {
      const bool online = live.contains({user, device});
      found.push_back({.online = online, .hit = online || presence_answers});
    }
    return found;
  }
  [[nodiscard]] WallTime last_seen(const Device& row) const override { return row.last_seen; }
  void friendship_changed(const ConversationKey& pair, bool friends_now) override {
    friendship_changes.emplace_back(pair, friends_now);
  }
  void reply(base::Executor& executor, base::Task task) override { executor.post(std::move(task)); }

 private:
  adapters::memory::MemoryStore& store_;
  const base::Clock& clock_;
  base::RandomSource& random_;
  CommitBatch batch_;
  std::optional<StoreError> failed_;
  std::map<UserId, MailboxSeq> heads_;
};

/// "v<version>:<password>"; counts what the real one would spend time on.
class PlainHasher final : public PasswordHasher {
 public:
  int version = 1;
  int verified = 0;
  std::string hash(std::string_view password) override {
    return "v" + std::to_string(version) + ":" + std::string(password);
  }
  bool verify(std::string_view password, std::string_view phc) override {
    ++verified;
    return phc.substr(phc.find(':') + 1) == password;
  }
  [[nodiscard]] bool outdated(std::string_view phc) const override {
    return !phc.starts_with("v" + std::to_string(version) + ":");
  }
};

/// The claims are looked up by the token's number.
class NumberedAccessTokens final : public AccessTokens {
 public:
  std::string sign(const AccessClaims& claims) override {
    issued_.push_back(claims);
    return "access." + std::to_string(issued_.size() - 1);
  }
  base::Result<AccessClaims, TokenError> verify(std::string_view token, WallTime now) override {
    if (!token.starts_with("access.")) return base::fail(TokenError::kInvalid);
    const auto index = static_cast<std::size_t>(std::stoul(std::string(token.substr(7))));
    if (index >= issued_.size()) return base::fail(TokenError::kInvalid);
    if (issued_[index].expires <= now) return base::fail(TokenError::kExpired);
    return issued_[index];
  }

 private:
  std::vector<AccessClaims> issued_;
};

/// "<login>.<number>"; anything of that shape is genuine.
class NumberedRefreshTokens final : public RefreshTokens {
 public:
  std::string make(const LoginId& login) override { return login.hex() + "." + std::to_string(++made_); }
  std::string make_again(const LoginId& login, std::string_view parent_hash) override {
    return login.hex() + ".child of " + std::string(parent_hash);
  }
  [[nodiscard]] std::optional<LoginId> parse(std::string_view token) const override {
    const auto dot = token.find('.');
    return dot == std::string_view::npos ? std::nullopt : LoginId::from_hex(token.substr(0, dot));
  }
  [[nodiscard]] std::string hash(std::string_view token) const override { return "#" + std::string(token); }

 private:
  int made_ = 0;
};

class SetPresence final : public Presence {
 public:
  std::set<UserId> online;
  std::set<UserId> elsewhere;  // connected to another node
  std::set<std::pair<UserId, DeviceId>> devices;
  void set_online(const UserId& user, ConnectionId /*connection*/, const DeviceId& device) override {
    online.insert(user);
    devices.insert({user, device});
  }
  void clear(const UserId& user, ConnectionId /*connection*/) override { online.erase(user); }
  [[nodiscard]] bool is_online(const UserId& user) const override { return online.contains(user); }
  [[nodiscard]] std::vector<Found> look_up(std::span<const UserId> users) const override {
    auto found = Presence::look_up(users);
    for (std::size_t i = 0; i < users.size(); ++i) found[i].online |= elsewhere.contains(users[i]);
    return found;
  }
  [[nodiscard]] std::vector<Found> look_up_devices(const UserId& user,
                                                   std::span<const DeviceId> wanted) const override {
    std::vector<Found> found;
    for (const auto& device : wanted) found.push_back({.online = devices.contains({user, device}), .hit = true});
    return found;
  }
};

/// Accounts and relations over a memory store, on one thread.
struct AccountWorld {
  /// `shared`: what this node counts together with others; null: alone.
  explicit AccountWorld(AccountOptions options = {}, SharedThrottle* shared = nullptr)
      : accounts({lane, store, hasher, access_tokens, refresh_tokens, clock, pool(reads_full), password_pool(),
                  presence, shared},
                 options),
        relations({lane, store, presence, clock, pool(reads_full), shared,
                   [this](std::vector<UserId> users) { shown_online = std::move(users); }},
                  options.limits) {}

  bool reads_full = false;
  bool passwords_full = false;
  bool passwords_held = false;  // until run_passwords()
  std::deque<base::Task> held;
  base::ManualClock clock;
  base::SeededRandom random{7};
  adapters::memory::MemoryStore store{random};
  QueuedExecutor on;
  InstantLane lane{store, clock, random};
  PlainHasher hasher;
  NumberedAccessTokens access_tokens;
  NumberedRefreshTokens refresh_tokens;
  SetPresence presence;
  AccountService accounts;
  RelationService relations;
  std::vector<UserId> shown_online;  // by the last list of friends that had some

  static Offload pool(const bool& is_full) {
    return [&is_full](base::Task task) {
      if (is_full) return false;
      task();
      return true;
    };
  }

  Offload password_pool() {
    return [this](base::Task task) {
      if (passwords_full) return false;
      passwords_held ? held.push_back(std::move(task)) : task();
      return true;
    };
  }
  /// What has been held, and what begins because of it, one after another; how many.
  int run_passwords() {
    int count = 0;
    for (; !held.empty(); ++count) {
      const auto task = std::make_unique<base::Task>(std::move(held.front()));
      held.pop_front();
      (*task)();
    }
    on.run();
    return count;
  }

  /// Calls `call(reply)` and waits for the answer.
  template <class T, class Call>
  Outcome<T> ask(Call&& call) {
    std::optional<Outcome<T>> outcome;
    call(Reply<T>([&outcome](Outcome<T> answered) { outcome.emplace(std::move(answered)); }));
    CHECK(!outcome);  // never inside the call
    on.run();
    CHECK(outcome.has_value());
    return std::move(*outcome);
  }

  static Credentials credentials(const std::string& name, std::optional<std::string> device = std::nullopt) {
    Credentials made{name, name + "@example.org", "password-of-" + name, std::nullopt, "192.0.2.1", false};
    if (device) made.device = DeviceId::parse(*device);
    return made;
  }
  Outcome<Grant> try_register(Credentials with) {
    return ask<Grant>([&](auto reply) { accounts.register_user(std::move(with), on, std::move(reply)); });
  }
  Outcome<Grant> try_log_in(Credentials with) {
    return ask<Grant>([&](auto reply) { accounts.log_in(std::move(with), on, std::move(reply)); });
  }
  Outcome<Grant> try_refresh(const std::string& token) {
    return ask<Grant>([&](auto reply) { accounts.refresh(token, on, std::move(reply)); });
  }
  Outcome<Caller> try_authenticate(const std::string& token) {
    return ask<Caller>([&](auto reply) { accounts.authenticate(token, on, std::move(reply)); });
  }
  Grant registered(const std::string& name, std::optional<std::string> device = std::nullopt) {
    return std::get<Grant>(try_register(credentials(name, std::move(device))));
  }
  Grant logged_in(const std::string& name, std::optional<std::string> device = std::nullopt) {
    return std::get<Grant>(try_log_in(credentials(name, std::move(device))));
  }
  Caller caller(const Grant& grant) { return std::get<Caller>(try_authenticate(grant.access_token)); }
};

/// The code of a refusal; "ok" of an answer.
template <class T>
std::string code_of(const Outcome<T>& outcome) {
  const auto* refusal = std::get_if<Refusal>(&outcome);
  return refusal == nullptr ? "ok" : std::string(to_string(refusal->code));
}

}  // namespace chat::testing
