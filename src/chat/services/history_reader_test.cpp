#include "chat/services/history_reader.hpp"

#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

class NoKey : public LaneTest {
 protected:
  NoKey() {
    befriend(alice_id, bob_id);
    const auto alice = join(alice_id, "phone");
    for (const char* const text : {"one", "two", "three"}) sent.push_back(message(send(alice, bob_id, text, text)));
    cipher.foreign.insert(sent[1].id);
  }
  template <class T, class Ask>
  std::variant<T, Refusal> answer_of(Ask ask) {
    std::variant<T, Refusal> answer;
    ask([&answer](std::variant<T, Refusal> given) { answer = std::move(given); });
    executor.run();
    return answer;
  }
  LogPage log_after(std::uint64_t position) {
    return std::get<LogPage>(answer_of<LogPage>(
        [&](auto reply) { reader.read_log(bob_id, MailboxSeq(position), {}, executor, std::move(reply)); }));
  }
  Caller bob() { return {.user = bob_id, .login = {}, .device = {}}; }

  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
  std::vector<MessageView> sent;
  HistoryReader reader{store, cipher, [](base::Task task) {
                         task();
                         return true;
                       }};
};

TEST_F(NoKey, TheLogIsReadUpToTheMessageThatThisNodeHasNoKeyFor) {
  const auto page = log_after(0);
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items[0]->message->content, "one");
  EXPECT_EQ(page.through, MailboxSeq(1));
  EXPECT_TRUE(page.no_key);
  const auto next = log_after(1);
  EXPECT_TRUE(next.items.empty());
  EXPECT_EQ(next.through, MailboxSeq(1));
  EXPECT_TRUE(next.no_key);
  cipher.foreign.clear();
  const auto all = log_after(1);
  EXPECT_EQ(all.items.size(), 2u);
  EXPECT_FALSE(all.no_key);
}

TEST_F(NoKey, WhatFailedAsUnreadableBeforeHoldsNobodyUp) {
  lane->report_unreadable(log(bob_id)[1].entry);
  run();
  const auto page = log_after(0);
  EXPECT_FALSE(page.no_key);
  ASSERT_GE(page.items.size(), 3u);
  EXPECT_EQ(page.items[1]->message->failure, FailureReason::kUnreadable);
}

TEST_F(NoKey, TheHistorySaysSoInsteadOfShowingAFailedMessage) {
  const auto page = answer_of<HistoryPage>(
      [&](auto reply) { reader.page(bob(), alice_id, std::nullopt, 10, executor, std::move(reply)); });
  const auto one =
      answer_of<MessageView>([&](auto reply) { reader.message(bob(), sent[1].id, executor, std::move(reply)); });
  ASSERT_TRUE(std::holds_alternative<Refusal>(page) && std::holds_alternative<Refusal>(one));
  for (const auto& refusal : {std::get<Refusal>(page), std::get<Refusal>(one)}) {
    EXPECT_EQ(refusal.code, ErrorCode::kRetry);
    EXPECT_NE(refusal.message.find("lacks the key"), std::string::npos);
  }
}

TEST_F(NoKey, ARepeatOfIsRefusedWithoutHarmToOthersInItsBatch) {
  const auto phone = join(alice_id, "laptop");
  Sent repeat;
  Sent other;
  lane->send(request(phone, bob_id, "two", "two"), executor, [&](auto answer) { repeat = std::move(answer); });
  lane->send(request(phone, bob_id, "four"), executor, [&](auto answer) { other = std::move(answer); });
  run();
  EXPECT_EQ(code(repeat), ErrorCode::kRetry);
  EXPECT_EQ(message(other).seq, ConversationSeq(4));
  cipher.foreign.clear();
  EXPECT_TRUE(std::get<SendAnswer>(send(phone, bob_id, "two", "two")).duplicate);
}

TEST_F(NoKey, ABlockLooksLikeAnEndWhereNothingWasSaid) {
  const auto carol = person("carol");
  const auto seen = [&] {
    const auto page = answer_of<HistoryPage>(
        [&](auto reply) { reader.page(bob(), carol, std::nullopt, 10, executor, std::move(reply)); });
    const auto* const refusal = std::get_if<Refusal>(&page);
    return refusal == nullptr ? "a page" : refusal->message;
  };
  const auto strangers = seen();
  EXPECT_NE(strangers, "a page");
  befriend(bob_id, carol);
  EXPECT_EQ(seen(), "a page");
  Relation blocked = store.relation(ConversationKey::of(bob_id, carol)).value();
  (blocked.pair.low == carol ? blocked.blocked_by_low : blocked.blocked_by_high) = true;
  CommitBatch batch;
  batch.relations.push_back(blocked);
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  EXPECT_EQ(seen(), strangers);
}

class Trimmed : public NoKey {
 protected:
  Trimmed() {
    cipher.foreign.clear();
    CommitBatch batch;
    batch.trims.push_back({bob_id, MailboxSeq(3)});
    EXPECT_TRUE(store.commit(batch, Durability::kSynced).ok());
  }
  std::variant<LogPage, Refusal> ask_after(std::uint64_t position) {
    return answer_of<LogPage>(
        [&](auto reply) { reader.read_log(bob_id, MailboxSeq(position), {}, executor, std::move(reply)); });
  }
};

TEST_F(Trimmed, ByAnotherNodeIsNotPassedOver) {
  store.among_others = true;
  const auto page = ask_after(1);
  ASSERT_TRUE(std::holds_alternative<Refusal>(page));
  EXPECT_EQ(std::get<Refusal>(page).code, ErrorCode::kRetry);
  ASSERT_EQ(log_after(2).items.size(), 1u);
  EXPECT_EQ(log_after(2).items[0]->entry.position, MailboxSeq(3));
}

TEST_F(Trimmed, CostsAReadOnlyWhereAnEntryIsMissing) {
  const auto reads_of = [&](std::uint64_t after) {
    const auto before = store.reads();
    static_cast<void>(ask_after(after));
    return store.reads() - before;
  };
  const auto alone = reads_of(2);
  store.among_others = true;
  EXPECT_EQ(reads_of(2), alone);
}

TEST_F(NoKey, ASupersededEntryIsNoGapForWhomNobodyHasTrimmedAnything) {
  const auto bob_phone = join(bob_id, "phone");
  for (const std::uint64_t seq : {1u, 2u}) confirm(bob_phone, seq, {receipt(sent[seq - 1])});
  store.among_others = true;
  const auto page = std::get<LogPage>(answer_of<LogPage>(
      [&](auto reply) { reader.read_log(alice_id, MailboxSeq(0), {}, executor, std::move(reply)); }));
  ASSERT_FALSE(page.items.empty());
  EXPECT_EQ(page.items.back()->entry.kind, EntryKind::kStatus);
  EXPECT_LT(page.items.size(), page.through.value) << "the first step's entry is superseded";
}

}  // namespace
}  // namespace chat::testing
