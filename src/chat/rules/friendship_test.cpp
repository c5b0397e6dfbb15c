#include "chat/rules/friendship.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace {

using chat::Friendship;
using chat::Relation;
using chat::RelationEvent;
using chat::RelationVerb;
using chat::UserId;

const UserId kLow = *UserId::from_hex("000000000000000000000001");
const UserId kHigh = *UserId::from_hex("000000000000000000000002");

Relation nothing() {
  Relation relation;
  relation.pair = chat::ConversationKey::of(kLow, kHigh);
  return relation;
}

Relation after(Relation relation, const UserId& actor, RelationVerb verb) {
  return chat::relation_step(relation, actor, verb).after;
}

Relation friends() {
  return after(after(nothing(), kLow, RelationVerb::kRequest), kHigh, RelationVerb::kAccept);
}

TEST(Friendship, BeginsWithARequestAndItsAcceptance) {
  const auto asked = chat::relation_step(nothing(), kLow, RelationVerb::kRequest);
  EXPECT_EQ(asked.to_peer, RelationEvent::kFriendRequest);
  EXPECT_FALSE(asked.to_actor);
  EXPECT_FALSE(asked.friends_now);
  const auto accepted = chat::relation_step(asked.after, kHigh, RelationVerb::kAccept);
  EXPECT_EQ(accepted.to_actor, RelationEvent::kFriendAccepted);
  EXPECT_EQ(accepted.to_peer, RelationEvent::kFriendAccepted);
  EXPECT_EQ(accepted.friends_now, true);
}

TEST(Friendship, BeginsWithCrossingRequests) {
  const auto asked = after(nothing(), kHigh, RelationVerb::kRequest);
  const auto crossed = chat::relation_step(asked, kLow, RelationVerb::kRequest);
  EXPECT_EQ(crossed.to_actor, RelationEvent::kFriendAccepted);
  EXPECT_EQ(crossed.friends_now, true);
}

TEST(Friendship, CannotBeAcceptedByTheOneWhoAskedNorWithoutARequest) {
  EXPECT_FALSE(chat::relation_step(nothing(), kLow, RelationVerb::kAccept).found);
  const auto asked = after(nothing(), kLow, RelationVerb::kRequest);
  EXPECT_FALSE(chat::relation_step(asked, kLow, RelationVerb::kAccept).found);
}

TEST(Block, SuspendsAFriendshipWithoutAWordAndUnblockingRestoresIt) {
  const auto blocked = chat::relation_step(friends(), kLow, RelationVerb::kBlock);
  EXPECT_EQ(blocked.friends_now, false);
  EXPECT_FALSE(blocked.to_peer);
  EXPECT_FALSE(blocked.to_actor);
  const auto restored = chat::relation_step(blocked.after, kLow, RelationVerb::kUnblock);
  EXPECT_EQ(restored.friends_now, true);
}

TEST(Block, OfBothNeedsBothToUnblock) {
  auto relation = after(after(friends(), kLow, RelationVerb::kBlock), kHigh, RelationVerb::kBlock);
  const auto first = chat::relation_step(relation, kLow, RelationVerb::kUnblock);
  EXPECT_FALSE(first.friends_now);
  EXPECT_EQ(chat::relation_step(first.after, kHigh, RelationVerb::kUnblock).friends_now, true);
}

TEST(Block, EndsAPendingRequestAndSwallowsNewOnes) {
  auto relation = after(nothing(), kHigh, RelationVerb::kRequest);
  relation = after(relation, kLow, RelationVerb::kBlock);
  EXPECT_EQ(relation.friendship, Friendship::kNone);
  const auto again = chat::relation_step(relation, kHigh, RelationVerb::kRequest);
  EXPECT_FALSE(again.changed);
  EXPECT_FALSE(again.to_peer);
}

// Random walks through all verbs: what must hold after every step, whatever came before.
TEST(Friendship, KeepsItsPromisesOnEveryRandomWalk) {
  base::SeededRandom random(20'260'101);
  for (int walk = 0; walk < 200; ++walk) {
    Relation relation = nothing();
    for (int i = 0; i < 60; ++i) {
      const auto& actor = random.next() % 2 == 0 ? kLow : kHigh;
      const auto& peer = relation.pair.peer_of(actor);
      const auto verb = static_cast<RelationVerb>(random.next() % 6);
      const auto step = chat::relation_step(relation, actor, verb);
      const bool own_block_only = step.after.blocked_by(peer) == relation.blocked_by(peer);
      EXPECT_TRUE(own_block_only) << "nobody changes the other's block";
      if (relation.blocked()) {
        EXPECT_FALSE(step.to_peer) << "nothing is told across a block";
        EXPECT_FALSE(step.to_actor);
      }
      if (verb == RelationVerb::kBlock || verb == RelationVerb::kUnblock) {
        EXPECT_FALSE(step.to_peer || step.to_actor) << "a block is never told";
      }
      if (chat::are_friends(step.after) && !chat::are_friends(relation)) {
        EXPECT_TRUE(verb == RelationVerb::kUnblock || chat::requested_by(relation, peer))
            << "nobody is befriended alone";
      }
      EXPECT_EQ(step.friends_now.has_value(), chat::are_friends(step.after) != chat::are_friends(relation));
      const auto repeated = chat::relation_step(step.after, actor, verb);
      EXPECT_FALSE(repeated.changed) << "every verb is idempotent";
      relation = step.after;
    }
  }
}

}  // namespace
