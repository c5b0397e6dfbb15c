// What becomes of the messages of an account that is erased while they wait, or are about to be delivered.

#include "chat/services/accounts_decision.hpp"
#include "chat/services/lane_nodes_fixture.hpp"

namespace chat::testing {
namespace {

class LaneErase : public LaneTest {
 protected:
  LaneErase() {
    befriend(alice_id, bob_id);
    befriend(carol_id, bob_id);
  }
  static void stage(CommitBatch& batch, const UserId& user, const UserId& peer) {
    batch.erased_conversations.push_back(ConversationKey::of(user, peer));
    batch.erased_users.push_back(user);
  }
  void erase_alice() {
    decide<std::monostate>(
        *lane, executor, [](auto) {},
        [this](LaneContext& context) -> Outcome<std::monostate> {
          stage(context.batch(), alice_id, bob_id);
          context.forget_user(alice_id);
          return std::monostate{};
        });
  }
  static std::size_t readings(const Joined& who) {
    return static_cast<std::size_t>(std::count_if(who.session->hints.begin(), who.session->hints.end(),
                                                  [](const Hint& hint) { return hint.read_again; }));
  }
  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
  UserId carol_id = person("carol");
};

TEST_F(LaneErase, WhoIsConnectedReadsAgainWhatIsNotWrittenYet) {
  const auto alice = join(alice_id, "phone");
  const auto bobs = join(bob_id, "phone");
  const auto carols = join(carol_id, "phone");
  erase_alice();
  lane->send(request(alice, bob_id, "in the same round"), executor, [](auto) {});
  run();
  EXPECT_EQ(readings(bobs), 1u);
  ASSERT_FALSE(bobs.session->hints.empty());
  EXPECT_TRUE(bobs.session->hints.back().read_again) << "what came before it may be the message";
  EXPECT_EQ(readings(carols), 0u);
}

TEST_F(LaneErase, WhatWaitedDoesNotWaitAnyMore) {
  const auto alice = join(alice_id, "phone");
  const auto carol = join(carol_id, "phone");
  for (int i = 0; i < 7; ++i) send(alice, bob_id, "x");
  for (int i = 0; i < 2; ++i) send(carol, bob_id, "y");
  ASSERT_EQ(metrics.pending_messages.value(), 9);
  erase_alice();
  run();
  EXPECT_EQ(metrics.pending_messages.value(), 2);
  lane.reset();
  metrics.pending_messages.set(0);
  store.reopen(random);
  start();
  const auto bobs = join(bob_id, "phone");
  EXPECT_EQ(metrics.pending_messages.value(), 2) << "counted anew";
  confirm(bobs, 9);
  EXPECT_EQ(metrics.pending_messages.value(), 0);
}

TEST_F(AmongNodes, WhatAnotherNodeErasedIsNeitherWrittenNorWaits) {
  befriend(alice, bob);
  const auto alices = join(alice, "phone");
  const auto bobs = join(bob, "phone");
  for (int i = 0; i < 7; ++i) send(alices, bob, "x");
  ASSERT_EQ(metrics.pending_messages.value(), 7);
  CommitBatch batch;
  batch.erased_conversations.push_back(ConversationKey::of(alice, bob));
  batch.erased_users.push_back(alice);
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  other() = digest_of(batch);
  look();
  EXPECT_TRUE(bobs.session->hints.back().read_again);
  EXPECT_EQ(metrics.pending_messages.value(), 0);
}

}  // namespace
}  // namespace chat::testing
