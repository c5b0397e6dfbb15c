#include "adapters/redis/redis_presence.hpp"

#include <algorithm>

#include "adapters/redis/lease_table.hpp"
#include "adapters/redis/lease_writer.hpp"
#include "adapters/redis/presence_recorder.hpp"
#include "base/check.hpp"

namespace adapters::redis {

RedisPresence::RedisPresence(const PresenceOptions& options, chat::PresenceRecord* record)
    : options_(options), record_(record), table_(std::make_unique<LeaseTable>()) {
  CHECK(!options_.node.empty());
  writer_ = std::make_unique<LeaseWriter>(options_, *table_);
  if (record_ == nullptr) return;
  const PresenceRecorder::Pace pace{.every = options_.record_every, .compare_every = options_.compare_record_every};
  recorder_ = std::make_unique<PresenceRecorder>(options_.node, pace, *record_, *table_);
}

RedisPresence::~RedisPresence() = default;

/// What `ask` answers; how long that took is counted.
template <class Ask>
auto RedisPresence::timed(Ask&& ask) const {
  const auto started = std::chrono::steady_clock::now();
  auto answers = ask();
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
  look_ups_.fetch_add(1, std::memory_order_relaxed);
  look_up_microseconds_.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
  return answers;
}

void RedisPresence::set_online(const chat::UserId& user, chat::ConnectionId connection, const chat::DeviceId& device) {
  const auto effect = table_->add(user, connection, device);
  if (effect == LeaseTable::Effect::kNothing) return;
  writer_->changed(user);
  if (recorder_ && effect == LeaseTable::Effect::kUser) recorder_->changed(user);
}

void RedisPresence::clear(const chat::UserId& user, chat::ConnectionId connection) {
  const auto effect = table_->remove(user, connection);
  if (effect == LeaseTable::Effect::kNothing) return;
  writer_->changed(user);
  if (recorder_ && effect == LeaseTable::Effect::kUser) recorder_->changed(user);
}

bool RedisPresence::is_online(const chat::UserId& user) const {
  return table_->contains(user);
}

std::vector<chat::Presence::Found> RedisPresence::look_up(std::span<const chat::UserId> users) const {
  std::vector<Found> found(users.size());
  Wanted wanted;
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (table_->contains(users[i])) {
      found[i] = {.online = true, .hit = true};
    } else {
      wanted.push_back(i);
    }
  }
  if (wanted.empty()) return found;
  wanted = ask_redis(users, wanted, found);
  if (!wanted.empty()) ask_record(users, wanted, found);
  return found;
}

std::vector<chat::Presence::Found> RedisPresence::look_up_devices(const chat::UserId& user,
                                                                  std::span<const chat::DeviceId> devices) const {
  std::vector<Found> found(devices.size());
  bool all_here = true;
  const auto here = table_->connections(user);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    found[i].online =
        std::any_of(here.begin(), here.end(), [&](const auto& each) { return each.device == devices[i]; });
    all_here = all_here && found[i].online;
  }
  if (all_here) return found;
  const auto leased = timed([&] { return writer_->ask_devices(user); });
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (found[i].online) continue;
    found[i].online = leased && std::find(leased->live.begin(), leased->live.end(), devices[i]) != leased->live.end();
    found[i].hit = found[i].online || (leased && leased->complete);
  }
  return found;
}

RedisPresence::Wanted RedisPresence::ask_redis(std::span<const chat::UserId> users, const Wanted& wanted,
                                               std::vector<Found>& found) const {
  std::vector<chat::UserId> asked;
  asked.reserve(wanted.size());
  for (const auto index : wanted) asked.push_back(users[index]);
  const auto answers = timed([&] { return writer_->ask(std::move(asked)); });
  if (!answers) return wanted;
  Wanted unanswered;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto answer = (*answers)[i];
    if (answer == LeaseWriter::Answer::kUnknown) unanswered.push_back(wanted[i]);
    found[wanted[i]] = {.online = answer == LeaseWriter::Answer::kOnline, .hit = true};
  }
  return unanswered;
}

void RedisPresence::ask_record(std::span<const chat::UserId> users, const Wanted& wanted,
                               std::vector<Found>& found) const {
  for (const auto index : wanted) found[index] = {.online = false, .hit = false};
  if (record_ == nullptr) return;
  std::vector<chat::UserId> asked;
  asked.reserve(wanted.size());
  for (const auto index : wanted) asked.push_back(users[index]);
  const auto recorded = record_->recorded_online(asked);
  if (!recorded || recorded->size() != wanted.size()) return;
  for (std::size_t i = 0; i < wanted.size(); ++i) found[wanted[i]].online = (*recorded)[i];
}

void RedisPresence::record_again() {
  if (recorder_) recorder_->start_over();
}

std::size_t RedisPresence::online_users() const {
  return table_->size();
}
bool RedisPresence::up() const {
  return writer_->up();
}
std::uint64_t RedisPresence::renewals_failed() const {
  return writer_->failed();
}
std::uint64_t RedisPresence::record_writes_failed() const {
  return recorder_ ? recorder_->failed() : 0;
}

}  // namespace adapters::redis
