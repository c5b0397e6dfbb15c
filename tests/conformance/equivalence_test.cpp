// Long random histories under a seed, committed to the memory store and to every other one; all that can be read must
// be the same. The generator numbers rows as the commit lane does.

#include <algorithm>

#include "base/random.hpp"
#include "describe.hpp"
#include "rows.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

constexpr std::uint32_t kUsers = 6;
constexpr int kSeeds = 12;
constexpr int kBatches = 120;

const chat::DeviceId kDevices[] = {{"phone"}, {"laptop"}};
const std::string kKinds[] = {"fcm", "webpush"};

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {}

  chat::CommitBatch next() {
    chat::CommitBatch batch;
    if (roll(10) == 0) {
      cold(batch);
      return batch;
    }
    for (std::uint64_t n = roll(6); n > 0; --n) hot(batch);
    return batch;
  }
  [[nodiscard]] std::uint32_t messages() const { return next_message_ - 1; }
  std::uint64_t roll(std::uint64_t below) { return random_.next() % below; }

 private:
  chat::UserId somebody() { return user_id(1 + static_cast<std::uint32_t>(roll(kUsers))); }
  chat::ConversationKey some_pair() {
    const auto a = somebody();
    auto b = somebody();
    while (a == b) b = somebody();
    return chat::ConversationKey::of(a, b);
  }
  std::uint64_t append(chat::CommitBatch& batch, chat::MailboxEntry entry) {
    const std::uint64_t position = ++heads_[entry.owner];
    entry.position = chat::MailboxSeq(position);
    batch.entries.push_back(entry);
    return position;
  }

  void send(chat::CommitBatch& batch) {
    const auto pair = some_pair();
    const bool by_low = roll(2) == 0;
    const auto from = by_low ? pair.low : pair.high;
    const auto to = pair.peer_of(from);
    const std::uint32_t n = next_message_++;
    auto made =
        message(n, from, to, ++tails_[pair], roll(2) == 0 ? "c" + std::to_string(n) : "", random_.bytes(roll(60)));
    batch.messages.push_back(made);
    append(batch, message_entry(to, 0, made));
    if (roll(2) == 0) append(batch, message_entry(from, 0, made));
  }

  void confirm(chat::CommitBatch& batch) {
    const auto pair = some_pair();
    const auto reader = roll(2) == 0 ? pair.low : pair.high;
    const auto author = pair.peer_of(reader);
    const auto kind = roll(2) == 0 ? chat::WatermarkKind::kDelivered : chat::WatermarkKind::kRead;
    auto& mark = marks_[{author, reader, kind}];
    if (mark >= tails_[pair]) return;
    mark += 1 + roll(tails_[pair] - mark);
    std::uint64_t author_entry = 0;
    std::uint64_t reader_entry = 0;
    if (roll(4) != 0) author_entry = append(batch, status_entry(author, 0, reader, kind, mark));
    if (kind == chat::WatermarkKind::kRead && roll(2) == 0) {
      reader_entry = append(batch, own_read_entry(reader, 0, author, mark));
    }
    batch.watermark_steps.push_back(step(author, reader, kind, mark, author_entry, reader_entry));
  }

  /// Puts, moves and erases jobs; sometimes one device twice in a batch.
  void push(chat::CommitBatch& batch) {
    const auto who = somebody();
    const auto& device = kDevices[roll(2)];
    if (roll(4) == 0) {
      batch.device_traces.push_back(device_trace(who, device.value, static_cast<chat::PushOutcome>(roll(9))));
      return;
    }
    if (roll(4) == 0) {
      batch.erased_push_jobs.emplace_back(who, device);
      return;
    }
    const auto due = roll(4) == 0 ? chat::kPushHeld : at_ms(static_cast<std::int64_t>(roll(600)) - 100);
    batch.push_jobs.push_back(push_job(who, device.value, due, kKinds[roll(2)], 1 + roll(500)));
  }

  void hot(chat::CommitBatch& batch) {
    switch (roll(10)) {
      case 0:
      case 1:
      case 2:
        return send(batch);
      case 3:
      case 4:
        return confirm(batch);
      case 5:
        batch.positions.push_back({somebody(), kDevices[roll(2)], chat::MailboxSeq(roll(1000))});
        return;
      case 6:
      case 7:
        return push(batch);
      default: {
        const auto owner = somebody();
        batch.trims.push_back({owner, chat::MailboxSeq(roll(heads_[owner] + 3))});
      }
    }
  }

  void cold(chat::CommitBatch& batch) {
    const auto who = static_cast<std::uint32_t>(1 + roll(kUsers));
    switch (roll(9)) {
      case 0:
      case 1:
        batch.users.push_back(user(who, "Name" + std::to_string(who + 10 * roll(2)), std::to_string(who) + "@x"));
        return;
      case 2:
        batch.devices.push_back(device(user_id(who), kDevices[roll(2)].value, who));
        return;
      case 3:
        batch.logins.push_back(login(who, user_id(who), "phone"));
        return;
      case 4: {
        auto made = relation(some_pair().low, some_pair().high, static_cast<chat::Friendship>(roll(4)));
        if (made.pair.low != made.pair.high) batch.relations.push_back(made);
        return;
      }
      case 5: {
        const auto pair = some_pair();
        batch.keys.push_back(
            wrapped_key(static_cast<std::uint32_t>(roll(20)) + 100 * next_message_, pair.low, pair.high));
        return;
      }
      case 6:
        batch.erased_devices.emplace_back(user_id(who), kDevices[roll(2)]);
        batch.erased_logins.push_back(nth<chat::LoginId>(who));
        return;
      case 7:
        return erase_conversation(batch, some_pair());
      default:
        if (roll(3) == 0) erase_user(batch, user_id(who));
    }
  }

  void erase_conversation(chat::CommitBatch& batch, const chat::ConversationKey& pair) {
    batch.erased_conversations.push_back(pair);
    tails_[pair] = 0;
    for (const auto kind : {chat::WatermarkKind::kDelivered, chat::WatermarkKind::kRead}) {
      marks_[{pair.low, pair.high, kind}] = 0;
      marks_[{pair.high, pair.low, kind}] = 0;
    }
  }
  void erase_user(chat::CommitBatch& batch, const chat::UserId& user) {
    batch.erased_users.push_back(user);
    heads_[user] = 0;
    for (std::uint32_t n = 1; n <= kUsers; ++n) {
      if (user_id(n) != user) erase_conversation(batch, chat::ConversationKey::of(user, user_id(n)));
    }
  }

  base::SeededRandom random_;
  std::uint32_t next_message_ = 1;
  std::map<chat::UserId, std::uint64_t> heads_;
  std::map<chat::ConversationKey, std::uint64_t> tails_;
  std::map<std::tuple<chat::UserId, chat::UserId, chat::WatermarkKind>, std::uint64_t> marks_;
};

void describe_mailbox(const chat::Store& store, const chat::UserId& owner, std::uint64_t step, std::string& all) {
  all += describe(store.mailbox_bounds(owner)) + "\n";
  for (std::uint64_t after = 0; after < 40; after += step) {
    all += describe(store.read_mailbox(owner, chat::MailboxSeq(after), {.entries = step, .bytes = 20 * step})) + "\n";
    all += describe(store.entry_epoch(owner, chat::MailboxSeq(after))) + "\n";
  }
  all += describe(store.read_mailbox(owner, chat::MailboxSeq(0), {.entries = 10'000})) + "\n";
}

void describe_pair(const chat::Store& store, const chat::UserId& a, const chat::UserId& b, std::string& all) {
  const auto pair = chat::ConversationKey::of(a, b);
  all += describe(store.history(pair, std::nullopt, 1000)) + describe(store.history(pair, chat::ConversationSeq(9), 4));
  all += describe(store.relation(pair)) + describe(store.current_key(pair)) + "\n";
  for (const auto kind : {chat::WatermarkKind::kDelivered, chat::WatermarkKind::kRead}) {
    all += describe(store.watermark(a, b, kind, std::nullopt)) + "\n";
    all += describe(store.watermark(a, b, kind, chat::ConversationSeq(5))) + "\n";
  }
}

void describe_push(const chat::Store& store, std::uint64_t step, std::string& all) {
  for (const auto& kind : kKinds) {
    for (const std::int64_t until : {-50, 0, 100, 300}) all += describe(store.due_push_jobs(kind, at_ms(until), step));
    all += describe(store.due_push_jobs(kind, chat::kPushHeld, 1000)) + "\n";
  }
  all += describe(store.push_jobs_after({}, {}, 1000)) + describe(store.push_jobs_after(user_id(3), kDevices[0], step));
  for (std::uint32_t n = 1; n <= kUsers; ++n) {
    all += describe(store.push_jobs(user_id(n)));
    for (const auto& device : kDevices) all += describe(store.device_trace(user_id(n), device)) + "\n";
  }
}

/// Everything that can be read, as one text.
std::string describe_all(const chat::Store& store, std::uint32_t messages, std::uint64_t step) {
  std::string all = describe(store.has_users()) + "\n";
  describe_push(store, step, all);
  for (std::uint32_t n = 1; n <= kUsers; ++n) {
    const auto id = user_id(n);
    describe_mailbox(store, id, step, all);
    all += describe(store.user(id)) + describe(store.user_by_name("nAME" + std::to_string(n))) +
           describe(store.user_by_name("name" + std::to_string(n + 10))) +
           describe(store.user_by_email(std::to_string(n) + "@X")) + "\n";
    all += describe(store.devices(id)) + describe(store.positions(id)) + describe(store.logins(id)) +
           describe(store.login(nth<chat::LoginId>(n))) + describe(store.relations(id)) +
           describe(store.conversation_peers(id));
    for (std::uint32_t peer = 1; peer <= kUsers; ++peer) {
      if (peer != n) describe_pair(store, id, user_id(peer), all);
    }
  }
  for (std::uint32_t n = 1; n <= messages; ++n) {
    const auto found = store.message(message_id(n));
    all += describe(found) + "\n";
    if (found.ok() && *found && !(*found)->client_id.empty()) {
      const auto& m = **found;
      all += describe(store.message_by_client_id(m.sender, m.recipient, m.client_id)) + "\n";
    }
  }
  return all;
}

template <class Harness>
class Equivalence : public StoreSuite<Harness> {};
TYPED_TEST_SUITE(Equivalence, Stores, StoreNames);

TYPED_TEST(Equivalence, ReadsLikeTheMemoryStoreAfterAnyHistory) {
  for (int seed = 1; seed <= kSeeds; ++seed) {
    History history(static_cast<std::uint64_t>(seed));
    adapters::memory::MemoryStore expected;
    TypeParam under_test;
    for (int n = 0; n < kBatches; ++n) {
      const auto batch = history.next();
      ASSERT_TRUE(expected.commit(batch, chat::Durability::kSynced).ok());
      ASSERT_TRUE(under_test.store().commit(batch, chat::Durability::kBuffered).ok());
      if (history.roll(40) == 0) {
        expected.reopen();
        under_test.reopen();
      }
      if (n % 20 != 19) continue;
      const std::uint64_t step = 1 + history.roll(9);
      const auto wanted = describe_all(expected, history.messages(), step);
      const auto found = describe_all(under_test.store(), history.messages(), step);
      ASSERT_TRUE(found == wanted)
          << "seed " << seed << ", batch " << n << ": first difference at byte "
          << std::mismatch(found.begin(), found.end(), wanted.begin(), wanted.end()).first - found.begin() << "\n"
          << found
                 .substr(static_cast<std::size_t>(std::max<std::ptrdiff_t>(
                     0, std::mismatch(found.begin(), found.end(), wanted.begin(), wanted.end()).first - found.begin() -
                            400)))
                 .substr(0, 600);
    }
  }
}

}  // namespace
}  // namespace conformance
