// KeyCheckStore, and what a ring of keys is told by each store: only the keys that filled it open it.

#include <future>

#include "adapters/crypto/content_sealer.hpp"
#include "adapters/crypto/key_admission.hpp"
#include "rows.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

using adapters::crypto::ContentSealer;
using adapters::crypto::KeyPurpose;
using adapters::crypto::KeyRing;
using adapters::crypto::refuse_ring;
using ::testing::Test;

chat::KeyCheck check(std::uint32_t n) {
  return {nth<chat::KeyId>(n), std::string(32, static_cast<char>('a' + n))};
}

template <class Harness>
class KeyChecks : public StoreSuite<Harness> {
 protected:
  chat::KeyCheckStore& checks() { return under_test_.key_checks(); }
  Harness under_test_;
};
TYPED_TEST_SUITE(KeyChecks, Stores, StoreNames);

TYPED_TEST(KeyChecks, AreAppendedInOrderAndSurviveARestart) {
  using List = std::vector<chat::KeyCheck>;
  EXPECT_EQ(*this->checks().key_checks(), List{});
  EXPECT_TRUE(*this->checks().add_key_checks(0, {check(7), check(2)}));
  this->under_test_.reopen();
  EXPECT_TRUE(*this->checks().add_key_checks(2, {check(3)}));
  EXPECT_EQ(*this->checks().key_checks(), (List{check(7), check(2), check(3)}));
}

TYPED_TEST(KeyChecks, AreAppendedOnlyToTheListThatTheCallerHasSeen) {
  EXPECT_FALSE(*this->checks().add_key_checks(1, {check(1)}));
  EXPECT_TRUE(*this->checks().add_key_checks(0, {check(2)}));
  EXPECT_FALSE(*this->checks().add_key_checks(0, {check(3)}));
  EXPECT_FALSE(*this->checks().add_key_checks(2, {check(4)}));
  EXPECT_EQ(*this->checks().key_checks(), std::vector<chat::KeyCheck>{check(2)});
}

TYPED_TEST(KeyChecks, GoBackWithARestoredBackup) {
  EXPECT_TRUE(*this->checks().add_key_checks(0, {check(1)}));
  this->under_test_.backup();
  EXPECT_TRUE(*this->checks().add_key_checks(1, {check(2)}));
  this->under_test_.restore();
  EXPECT_EQ(*this->checks().key_checks(), std::vector<chat::KeyCheck>{check(1)});
}

TYPED_TEST(KeyChecks, TheNewestDataKeyIsTheOneWithTheHighestId) {
  EXPECT_FALSE(this->checks().newest_key()->has_value());
  chat::CommitBatch batch;
  for (const auto byte : {std::uint8_t{3}, std::uint8_t{200}, std::uint8_t{90}}) {
    chat::WrappedKey key{{}, chat::ConversationKey::of(user_id(byte), user_id(2)), std::string(1, '\0') + "wrapped"};
    key.id.bytes[0] = byte;
    batch.keys.push_back(key);
  }
  ASSERT_TRUE(this->under_test_.store().commit(batch, chat::Durability::kSynced).ok());
  const auto newest = this->checks().newest_key();
  ASSERT_TRUE(newest.ok() && *newest);
  EXPECT_EQ((*newest)->id, batch.keys[1].id);
  EXPECT_EQ((*newest)->wrapped, batch.keys[1].wrapped);
}

/// The key files of one installation.
struct Installation {
  KeyRing& ring() {
    if (!ring_) {
      auto opened = KeyRing::open({.directory = directory.path(), .master = std::nullopt, .create = true}, clock);
      if (!opened) throw std::runtime_error(opened.error().message);
      ring_ = std::move(*opened);
    }
    return *ring_;
  }
  /// A copy of the files as they are now.
  std::unique_ptr<Installation> copy() {
    static_cast<void>(ring());
    auto twin = std::make_unique<Installation>();
    for (const char* const name : {"master.key", "keys"}) {
      std::filesystem::copy_file(directory.file(name), twin->directory.file(name));
    }
    return twin;
  }
  std::optional<std::string> refused_by(chat::KeyCheckStore& store) {
    return refuse_ring(ring(), store, directory.path());
  }

  base::TemporaryDirectory directory;
  base::SystemClock clock;
  std::unique_ptr<KeyRing> ring_;
};

template <class Harness>
class Keys : public KeyChecks<Harness> {
 protected:
  /// What a message of this installation leaves behind.
  void seal_with(Installation& keys) {
    ContentSealer sealer(keys.ring(), keys.clock);
    chat::CommitBatch batch;
    batch.keys = {sealer.create_key(chat::ConversationKey::of(user_id(1), user_id(2)))};
    ASSERT_TRUE(this->under_test_.store().commit(batch, chat::Durability::kSynced).ok());
  }
  Installation ours;
  Installation theirs;
};
TYPED_TEST_SUITE(Keys, Stores, StoreNames);

TYPED_TEST(Keys, OfAnotherInstallationAreRefusedAndChangeNothing) {
  EXPECT_EQ(this->ours.refused_by(this->checks()), std::nullopt);
  const auto before = *this->checks().key_checks();
  EXPECT_EQ(before.size(), this->ours.ring().keys()->size());
  const auto refused = this->theirs.refused_by(this->checks());
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->find("copy master.key and keys of a node"), std::string::npos) << *refused;
  EXPECT_EQ(refused->find('\n'), std::string::npos);
  EXPECT_EQ(*this->checks().key_checks(), before);
  this->under_test_.reopen();
  EXPECT_EQ(this->ours.copy()->refused_by(this->checks()), std::nullopt);
  EXPECT_EQ(*this->checks().key_checks(), before);
}

TYPED_TEST(Keys, ThatWereRotatedGoOnAndFilesFromBeforeAreRefused) {
  EXPECT_EQ(this->ours.refused_by(this->checks()), std::nullopt);
  const auto before = this->ours.copy();
  ASSERT_TRUE(this->ours.ring().rotate(KeyPurpose::kEpoch).ok());
  // Until a node has begun with the new key, nothing can be sealed with it.
  EXPECT_EQ(before->refused_by(this->checks()), std::nullopt);
  EXPECT_EQ(this->ours.refused_by(this->checks()), std::nullopt);
  EXPECT_TRUE(before->refused_by(this->checks()));
  EXPECT_EQ(this->ours.copy()->refused_by(this->checks()), std::nullopt);
}

TYPED_TEST(Keys, WithAKnownIdAndAnotherSecretAreRefused) {
  const auto& key = this->ours.ring().keys()->front();
  ASSERT_TRUE(*this->checks().add_key_checks(0, {{key.id, std::string(32, 'x')}}));
  EXPECT_TRUE(this->ours.refused_by(this->checks()));
}

TYPED_TEST(Keys, AreMadeKnownToAStoreThatKnowsNoneIfTheyOpenWhatItHolds) {
  this->seal_with(this->ours);
  ASSERT_TRUE(this->theirs.refused_by(this->checks()));
  EXPECT_EQ(*this->checks().key_checks(), std::vector<chat::KeyCheck>{});
  EXPECT_EQ(this->ours.refused_by(this->checks()), std::nullopt);
  EXPECT_FALSE(this->checks().key_checks()->empty());
}

TYPED_TEST(Keys, LeaveNoTraceOfThemselvesInTheStore) {
  EXPECT_EQ(this->ours.refused_by(this->checks()), std::nullopt);
  const auto checks = this->checks().key_checks();
  for (const auto& check : *checks) {
    for (const auto& key : *this->ours.ring().keys()) EXPECT_NE(check.check, key.secret.view());
  }
}

chat::KeyAdmission admission_of(Installation& keys) {
  return [&keys](chat::KeyCheckStore& store, bool /*created*/) { return keys.refused_by(store); };
}

TEST(KeysOfRocksDb, ThatAreRefusedLeaveTheListOfEpochsAsItIs) {
  const base::TemporaryDirectory directory;
  Installation ours;
  Installation theirs;
  adapters::rocksdb::Options options;
  const auto open = [&](Installation& keys) {
    options.admit = admission_of(keys);
    return adapters::rocksdb::RocksDbStore::open(directory.file("store"), options);
  };
  const auto epochs = (*open(ours))->epochs();
  const auto refused = open(theirs);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().cause, adapters::rocksdb::OpenError::kNotAdmitted);
  const auto again = open(ours);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->epochs().size(), epochs.size() + 1);
}

class KeysOfMongoDb : public Test {
 protected:
  void SetUp() override {
    if (const auto missing = MongoServers::missing()) GTEST_SKIP() << *missing;
    MongoServers::shared_uri();  // a server ends with the thread that started it
  }
  void TearDown() override {
    if (!MongoServers::missing()) drop_database(MongoServers::shared_uri(), name_);
  }
  auto open(Installation& keys) {
    adapters::mongodb::Options options;
    options.uri = MongoServers::shared_uri();
    options.database = name_;
    options.append_epoch = false;
    options.admit = admission_of(keys);
    return adapters::mongodb::MongoStore::open(options);
  }
  const std::string name_ = fresh_database();
};

TEST_F(KeysOfMongoDb, OfSeveralNodesThatStartAtOnceOnlyOneInstallationWins) {
  constexpr int kInstallations = 4;
  std::vector<Installation> keys(kInstallations);
  for (auto& each : keys) static_cast<void>(each.ring());
  std::vector<std::future<bool>> starts;
  for (auto& each : keys) {
    starts.push_back(std::async(std::launch::async, [this, &each] {
      const auto opened = open(each);
      if (!opened) {
        EXPECT_EQ(opened.error().cause, adapters::mongodb::OpenError::kNotAdmitted) << opened.error().message;
      }
      return opened.ok();
    }));
  }
  int won = 0;
  for (auto& start : starts) won += start.get() ? 1 : 0;
  EXPECT_EQ(won, 1);
}

TEST_F(KeysOfMongoDb, OfOneInstallationStartAllItsNodesAtOnceAlsoWithRotatedKeys) {
  Installation first;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<Installation>> copies;
    for (int i = 0; i < 4; ++i) copies.push_back(first.copy());
    std::vector<std::future<std::string>> starts;
    for (auto& each : copies) {
      starts.push_back(std::async(std::launch::async, [this, &each] {
        const auto opened = open(*each);
        return opened ? std::string() : opened.error().message;
      }));
    }
    for (auto& start : starts) EXPECT_EQ(start.get(), "");
    ASSERT_TRUE(first.ring().rotate(KeyPurpose::kEpoch).ok());
  }
}

TEST_F(KeysOfMongoDb, ThatAreRefusedLeaveNoNodeBehind) {
  Installation ours;
  Installation theirs;
  ASSERT_TRUE(open(ours).ok());
  const auto nodes = count_on_shared(name_, "nodes", "{}");
  EXPECT_FALSE(open(theirs).ok());
  EXPECT_EQ(count_on_shared(name_, "nodes", "{}"), nodes);
  EXPECT_EQ(count_on_shared(name_, "epochs", "{}"), 1);
}

}  // namespace
}  // namespace conformance
