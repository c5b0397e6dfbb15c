#include "app/measured_store.hpp"

#include <array>

namespace app {
namespace {

/// From a cache hit to a disk that is in trouble, seconds.
constexpr double kStoreBounds[] = {0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001,
                                   0.00025,  0.0005,    0.001,    0.0025,  0.005,    0.01,    0.025,
                                   0.05,     0.1,       0.25,     0.5,     1,        2.5,     10};
/// In the order of MeasuredStore::Verb.
constexpr const char* kNames[] = {"mailbox", "message", "history", "receipt", "key", "account", "relation", "push"};

base::Histogram& histogram(base::Registry& registry, const char* verb) {
  return registry.histogram("restante_store_seconds",
                            "Time of a store's verb: every commit, and a sample of the reads (one in 16 of a thread).",
                            kStoreBounds, {{"verb", verb}});
}

}  // namespace

MeasuredStore::MeasuredStore(chat::Store& store, const base::Clock& clock, base::Registry& registry)
    : store_(store),
      clock_(clock),
      synced_(histogram(registry, "commit_synced")),
      buffered_(histogram(registry, "commit_buffered")),
      turns_(histogram(registry, "turn")) {
  static_assert(std::size(kNames) == kVerbs);
  for (std::size_t i = 0; i < kVerbs; ++i) reads_[i] = &histogram(registry, kNames[i]);
}

bool MeasuredStore::sampled(Verb verb) {
  thread_local std::array<unsigned, kVerbs> calls{};
  return calls[static_cast<std::size_t>(verb)]++ % kReadsPerSample == 0;
}

template <class Work>
auto MeasuredStore::timed(Verb verb, Work work) const {
  if (!sampled(verb)) return work();
  const auto before = clock_.steady_now();
  auto result = work();
  const std::chrono::duration<double> took = clock_.steady_now() - before;
  reads_[static_cast<std::size_t>(verb)]->observe(took.count());
  return result;
}

base::Result<void, chat::StoreError> MeasuredStore::commit(const chat::CommitBatch& batch,
                                                           chat::Durability durability) {
  const auto before = clock_.steady_now();
  auto done = store_.commit(batch, durability);
  const std::chrono::duration<double> took = clock_.steady_now() - before;
  (durability == chat::Durability::kSynced ? synced_ : buffered_).observe(took.count());
  return done;
}

base::Result<chat::ForeignCommits, chat::StoreError> MeasuredStore::begin_turn() {
  const auto before = clock_.steady_now();
  auto begun = store_.begin_turn();
  turns_.observe(std::chrono::duration<double>(clock_.steady_now() - before).count());
  return begun;
}

chat::Read<chat::MailboxBounds> MeasuredStore::mailbox_bounds(const chat::UserId& owner) const {
  return timed(Verb::kMailbox, [&] { return store_.mailbox_bounds(owner); });
}

chat::Read<chat::MailboxPage> MeasuredStore::read_mailbox(const chat::UserId& owner, chat::MailboxSeq after,
                                                          chat::PageLimit limit) const {
  return timed(Verb::kMailbox, [&] { return store_.read_mailbox(owner, after, limit); });
}

chat::Read<std::optional<chat::EpochNumber>> MeasuredStore::entry_epoch(const chat::UserId& owner,
                                                                        chat::MailboxSeq position) const {
  return timed(Verb::kMailbox, [&] { return store_.entry_epoch(owner, position); });
}

chat::Read<std::optional<chat::Message>> MeasuredStore::message(const chat::MessageId& id) const {
  return timed(Verb::kMessage, [&] { return store_.message(id); });
}

chat::Read<std::optional<chat::Message>> MeasuredStore::message_by_client_id(const chat::UserId& sender,
                                                                             const chat::UserId& recipient,
                                                                             std::string_view client_id) const {
  return timed(Verb::kMessage, [&] { return store_.message_by_client_id(sender, recipient, client_id); });
}

chat::Read<std::vector<std::optional<chat::Message>>> MeasuredStore::messages_by_client_ids(
    std::span<const ClientIdQuestion> questions) const {
  return timed(Verb::kMessage, [&] { return store_.messages_by_client_ids(questions); });
}

chat::Read<std::vector<chat::Message>> MeasuredStore::history(const chat::ConversationKey& conversation,
                                                              std::optional<chat::ConversationSeq> before,
                                                              std::size_t limit) const {
  return timed(Verb::kHistory, [&] { return store_.history(conversation, before, limit); });
}

chat::Read<chat::ConversationSeq> MeasuredStore::newest_number(const chat::ConversationKey& conversation) const {
  return timed(Verb::kHistory, [&] { return store_.newest_number(conversation); });
}

chat::Read<std::vector<chat::UserId>> MeasuredStore::conversation_peers(const chat::UserId& user) const {
  return timed(Verb::kHistory, [&] { return store_.conversation_peers(user); });
}

chat::Read<std::optional<chat::WatermarkStep>> MeasuredStore::watermark(
    const chat::UserId& author, const chat::UserId& reader, chat::WatermarkKind kind,
    std::optional<chat::ConversationSeq> covering) const {
  return timed(Verb::kReceipt, [&] { return store_.watermark(author, reader, kind, covering); });
}

chat::Read<std::optional<chat::WrappedKey>> MeasuredStore::current_key(
    const chat::ConversationKey& conversation) const {
  return timed(Verb::kKey, [&] { return store_.current_key(conversation); });
}

chat::Read<std::optional<chat::WrappedKey>> MeasuredStore::key(const chat::KeyId& id) const {
  return timed(Verb::kKey, [&] { return store_.key(id); });
}

chat::Read<std::optional<chat::User>> MeasuredStore::user(const chat::UserId& id) const {
  return timed(Verb::kAccount, [&] { return store_.user(id); });
}

chat::Read<std::optional<chat::User>> MeasuredStore::user_by_name(std::string_view username) const {
  return timed(Verb::kAccount, [&] { return store_.user_by_name(username); });
}

chat::Read<std::optional<chat::User>> MeasuredStore::user_by_email(std::string_view email) const {
  return timed(Verb::kAccount, [&] { return store_.user_by_email(email); });
}

chat::Read<bool> MeasuredStore::has_users() const {
  return timed(Verb::kAccount, [&] { return store_.has_users(); });
}

chat::Read<std::vector<chat::UserId>> MeasuredStore::users_after(const chat::UserId& after, std::size_t limit) const {
  return timed(Verb::kAccount, [&] { return store_.users_after(after, limit); });
}

chat::Read<std::vector<chat::Device>> MeasuredStore::devices(const chat::UserId& user) const {
  return timed(Verb::kAccount, [&] { return store_.devices(user); });
}

chat::Read<std::vector<chat::DevicePosition>> MeasuredStore::positions(const chat::UserId& user) const {
  return timed(Verb::kAccount, [&] { return store_.positions(user); });
}

chat::Read<std::optional<chat::Login>> MeasuredStore::login(const chat::LoginId& id) const {
  return timed(Verb::kAccount, [&] { return store_.login(id); });
}

chat::Read<std::vector<chat::Login>> MeasuredStore::logins(const chat::UserId& user) const {
  return timed(Verb::kAccount, [&] { return store_.logins(user); });
}

chat::Read<chat::Relation> MeasuredStore::relation(const chat::ConversationKey& pair) const {
  return timed(Verb::kRelation, [&] { return store_.relation(pair); });
}

chat::Read<std::vector<chat::Relation>> MeasuredStore::relations(const chat::UserId& user) const {
  return timed(Verb::kRelation, [&] { return store_.relations(user); });
}

chat::Read<std::vector<chat::PushJob>> MeasuredStore::due_push_jobs(std::string_view kind, chat::WallTime until,
                                                                    std::size_t limit) const {
  return timed(Verb::kPush, [&] { return store_.due_push_jobs(kind, until, limit); });
}

chat::Read<std::vector<chat::PushJob>> MeasuredStore::push_jobs(const chat::UserId& user) const {
  return timed(Verb::kPush, [&] { return store_.push_jobs(user); });
}

chat::Read<std::vector<chat::PushJob>> MeasuredStore::push_jobs_after(const chat::UserId& user,
                                                                      const chat::DeviceId& device,
                                                                      std::size_t limit) const {
  return timed(Verb::kPush, [&] { return store_.push_jobs_after(user, device, limit); });
}

chat::Read<chat::DeviceTrace> MeasuredStore::device_trace(const chat::UserId& user,
                                                          const chat::DeviceId& device) const {
  return timed(Verb::kPush, [&] { return store_.device_trace(user, device); });
}

}  // namespace app
