// AccountStore: users and their names, devices, positions, logins, relations.

#include "describe.hpp"
#include "rows.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

template <class Harness>
class AccountStore : public StoreSuite<Harness> {
 protected:
  void commit(const chat::CommitBatch& batch) { ASSERT_TRUE(store().commit(batch, chat::Durability::kSynced).ok()); }
  chat::Store& store() { return under_test_.store(); }

  Harness under_test_;
  chat::UserId ann_ = user_id(1);
  chat::UserId bob_ = user_id(2);
  chat::UserId eve_ = user_id(3);
};
TYPED_TEST_SUITE(AccountStore, Stores, StoreNames);

TYPED_TEST(AccountStore, FindsUsersByIdNameAndEmailWithoutRegardToAsciiCase) {
  EXPECT_FALSE(*this->store().has_users());
  chat::CommitBatch batch;
  batch.users = {user(1, "Ann", "Ann@Example.org"), user(2, "\xc3\x84nn", "b@example.org")};
  this->commit(batch);
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(*this->store().has_users());
    EXPECT_EQ(describe(this->store().user(this->ann_)), describe(batch.users[0]));
    EXPECT_EQ(describe(this->store().user_by_name("aNN")), describe(batch.users[0]));
    EXPECT_EQ(describe(this->store().user_by_email("ANN@example.ORG")), describe(batch.users[0]));
    EXPECT_EQ(describe(this->store().user_by_name("\xc3\xa4nn")), "none") << "only ASCII letters fold";
    EXPECT_EQ(describe(this->store().user_by_name("\xc3\x84NN")), describe(batch.users[1]));
    EXPECT_EQ(describe(this->store().user_by_name("an")), "none");
    EXPECT_EQ(describe(this->store().user_by_name("")), "none");
    EXPECT_EQ(describe(this->store().user_by_email(std::string(10'000, 'x'))), "none");
    EXPECT_EQ(describe(this->store().user(this->eve_)), "none");
    this->under_test_.reopen();
  }
}

TYPED_TEST(AccountStore, ListsEveryUserOnceInPages) {
  EXPECT_TRUE(this->store().users_after({}, 10)->empty());
  chat::CommitBatch batch;
  batch.users = {user(3, "eve", "3@example.org"), user(1, "ann", "1@example.org"), user(2, "bob", "2@example.org")};
  this->commit(batch);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(*this->store().users_after({}, 2), (std::vector{this->ann_, this->bob_}));
    EXPECT_EQ(*this->store().users_after(this->bob_, 2), (std::vector{this->eve_}));
    EXPECT_TRUE(this->store().users_after(this->eve_, 2)->empty());
    this->under_test_.reopen();
  }
}

TYPED_TEST(AccountStore, FreesTheOldNameOfARenamedUser) {
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "ann@example.org")};
  this->commit(batch);
  batch.users = {user(1, "anna", "ann@example.org")};
  this->commit(batch);
  EXPECT_EQ(describe(this->store().user_by_name("ann")), "none");
  EXPECT_EQ(describe(this->store().user_by_name("anna")), describe(batch.users[0]));
  EXPECT_EQ(describe(this->store().user_by_email("ann@example.org")), describe(batch.users[0]));
}

TYPED_TEST(AccountStore, PassesANameFromOneUserToAnotherInOneBatch) {
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "1@example.org"), user(2, "bob", "2@example.org")};
  this->commit(batch);
  batch.users = {user(1, "bob", "1@example.org"), user(2, "ann", "2@example.org")};
  this->commit(batch);
  EXPECT_EQ(describe(this->store().user_by_name("bob")), describe(batch.users[0]));
  EXPECT_EQ(describe(this->store().user_by_name("ann")), describe(batch.users[1]));
}

TYPED_TEST(AccountStore, KeepsTheLaterOfTwoRowsForOneUser) {
  chat::CommitBatch batch;
  batch.users = {user(1, "first", "f@example.org"), user(1, "second", "s@example.org")};
  this->commit(batch);
  EXPECT_EQ(describe(this->store().user(this->ann_)), describe(batch.users[1]));
  EXPECT_EQ(describe(this->store().user_by_name("first")), "none");
  EXPECT_EQ(describe(this->store().user_by_name("second")), describe(batch.users[1]));
}

TYPED_TEST(AccountStore, ListsDevicesAndPositionsOfOneUser) {
  chat::CommitBatch batch;
  batch.devices = {device(this->ann_, "laptop", 1), device(this->ann_, "phone", 2), device(this->bob_, "phone", 3)};
  batch.devices[1].push.reset();
  batch.positions = {{this->ann_, chat::DeviceId{"laptop"}, chat::MailboxSeq(300)},
                     {this->ann_, chat::DeviceId{"phone"}, chat::MailboxSeq(2)},
                     {this->bob_, chat::DeviceId{"phone"}, chat::MailboxSeq(9)}};
  this->commit(batch);
  EXPECT_EQ(describe(this->store().devices(this->ann_)), describe(std::vector{batch.devices[0], batch.devices[1]}));
  EXPECT_EQ(describe(this->store().positions(this->ann_)),
            describe(std::vector{batch.positions[0], batch.positions[1]}));
  chat::CommitBatch erase;
  erase.erased_devices = {{this->ann_, chat::DeviceId{"laptop"}}};
  this->commit(erase);
  EXPECT_EQ(describe(this->store().devices(this->ann_)), describe(std::vector{batch.devices[1]}));
  EXPECT_EQ(describe(this->store().positions(this->ann_)), describe(std::vector{batch.positions[1]}));
  EXPECT_EQ(this->store().devices(this->bob_)->size(), 1u);
}

TYPED_TEST(AccountStore, KeepsAPositionOfNoDeviceUntilTheUserGoes) {
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "ann@example.org")};
  batch.devices = {device(this->ann_, "phone", 1)};
  batch.positions = {{this->ann_, chat::DeviceId{"phone"}, chat::MailboxSeq(7)}};
  this->commit(batch);
  chat::CommitBatch erase;
  erase.erased_devices = {{this->ann_, chat::DeviceId{"phone"}}};
  erase.positions = {{this->ann_, chat::DeviceId{}, chat::MailboxSeq(6)},
                     {this->ann_, chat::DeviceId{}, chat::MailboxSeq(7)}};
  this->commit(erase);
  const std::vector kept = {erase.positions[1]};
  this->under_test_.reopen();
  EXPECT_EQ(describe(this->store().positions(this->ann_)), describe(kept));
  EXPECT_TRUE(this->store().devices(this->ann_)->empty());
  chat::CommitBatch next;
  next.devices = batch.devices;
  next.positions = {{this->ann_, chat::DeviceId{"phone"}, chat::MailboxSeq(9)}};
  this->commit(next);
  EXPECT_EQ(describe(this->store().positions(this->ann_)), describe(std::vector{kept[0], next.positions[0]}));
  erase.positions.clear();
  this->commit(erase);
  EXPECT_EQ(describe(this->store().positions(this->ann_)), describe(kept));
  chat::CommitBatch leave;
  leave.erased_users = {this->ann_};
  this->commit(leave);
  EXPECT_TRUE(this->store().positions(this->ann_)->empty());
}

TYPED_TEST(AccountStore, MovesAPositionWithoutTouchingTheDevice) {
  chat::CommitBatch batch;
  batch.devices = {device(this->ann_, "phone", 1)};
  batch.positions = {{this->ann_, chat::DeviceId{"phone"}, chat::MailboxSeq(1)}};
  this->commit(batch);
  chat::CommitBatch move;
  move.positions = {{this->ann_, chat::DeviceId{"phone"}, chat::MailboxSeq(2)}};
  EXPECT_TRUE(move.may_be_lost());
  ASSERT_TRUE(this->store().commit(move, chat::Durability::kBuffered).ok());
  EXPECT_EQ(describe(this->store().positions(this->ann_)), describe(move.positions));
  EXPECT_EQ(describe(this->store().devices(this->ann_)), describe(batch.devices));
}

TYPED_TEST(AccountStore, FindsLoginsByIdAndByUser) {
  chat::CommitBatch batch;
  batch.logins = {login(1, this->ann_, "phone"), login(2, this->ann_, "laptop"), login(3, this->bob_, "phone")};
  batch.logins[1].children.clear();
  this->commit(batch);
  EXPECT_EQ(describe(this->store().login(nth<chat::LoginId>(1))), describe(batch.logins[0]));
  EXPECT_EQ(this->store().logins(this->ann_)->size(), 2u);
  chat::CommitBatch erase;
  erase.erased_logins = {nth<chat::LoginId>(1), nth<chat::LoginId>(99)};
  this->commit(erase);
  EXPECT_EQ(describe(this->store().login(nth<chat::LoginId>(1))), "none");
  EXPECT_EQ(describe(this->store().logins(this->ann_)), describe(std::vector{batch.logins[1]}));
  EXPECT_EQ(this->store().logins(this->bob_)->size(), 1u);
}

TYPED_TEST(AccountStore, ListsARelationUnderBothUsers) {
  const auto pair = chat::ConversationKey::of(this->ann_, this->bob_);
  EXPECT_EQ(describe(this->store().relation(pair)), describe(chat::Relation{.pair = pair}));
  chat::CommitBatch batch;
  batch.relations = {relation(this->ann_, this->bob_, chat::Friendship::kRequestedByHigh),
                     relation(this->eve_, this->ann_, chat::Friendship::kFriends)};
  this->commit(batch);
  EXPECT_EQ(describe(this->store().relation(pair)), describe(batch.relations[0]));
  EXPECT_EQ(this->store().relations(this->ann_)->size(), 2u);
  EXPECT_EQ(describe(this->store().relations(this->bob_)), describe(std::vector{batch.relations[0]}));
  EXPECT_EQ(describe(this->store().relations(this->eve_)), describe(std::vector{batch.relations[1]}));
}

TYPED_TEST(AccountStore, ErasesAUserWithAllThatIsTheirs) {
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "ann@example.org"), user(2, "bob", "bob@example.org")};
  batch.devices = {device(this->ann_, "phone", 1), device(this->bob_, "phone", 2)};
  batch.positions = {{this->ann_, chat::DeviceId{"phone"}, chat::MailboxSeq(1)},
                     {this->bob_, chat::DeviceId{"phone"}, chat::MailboxSeq(1)}};
  batch.logins = {login(1, this->ann_, "phone"), login(2, this->bob_, "phone")};
  batch.relations = {relation(this->ann_, this->bob_, chat::Friendship::kFriends),
                     relation(this->eve_, this->bob_, chat::Friendship::kFriends)};
  this->commit(batch);
  chat::CommitBatch erase;
  erase.erased_users = {this->ann_};
  this->commit(erase);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(describe(this->store().user(this->ann_)), "none");
    EXPECT_EQ(describe(this->store().user_by_name("ann")), "none");
    EXPECT_EQ(describe(this->store().user_by_email("ann@example.org")), "none");
    EXPECT_TRUE(this->store().devices(this->ann_)->empty());
    EXPECT_TRUE(this->store().positions(this->ann_)->empty());
    EXPECT_TRUE(this->store().logins(this->ann_)->empty());
    EXPECT_EQ(describe(this->store().login(nth<chat::LoginId>(1))), "none");
    EXPECT_TRUE(this->store().relations(this->ann_)->empty());
    EXPECT_EQ(describe(this->store().relations(this->bob_)), describe(std::vector{batch.relations[1]}));
    EXPECT_EQ(describe(this->store().user_by_name("bob")), describe(batch.users[1]));
    EXPECT_EQ(this->store().devices(this->bob_)->size(), 1u);
    EXPECT_EQ(this->store().positions(this->bob_)->size(), 1u);
    EXPECT_EQ(this->store().logins(this->bob_)->size(), 1u);
    this->under_test_.reopen();
  }
}

}  // namespace
}  // namespace conformance
