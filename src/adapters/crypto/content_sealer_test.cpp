#include "adapters/crypto/content_sealer.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/hex.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::crypto {
namespace {

template <class Id>
Id id(std::uint8_t n) {
  Id made;
  made.bytes.fill(n);
  return made;
}

class Sealed : public ::testing::Test {
 protected:
  Sealed()
      : ring_(std::move(
            *KeyRing::open({.directory = directory_.path(), .master = std::nullopt, .create = true}, clock_))),
        sealer_(*ring_, clock_),
        key_(sealer_.create_key(conversation_)) {}

  base::TemporaryDirectory directory_;
  base::ManualClock clock_;
  std::unique_ptr<KeyRing> ring_;
  ContentSealer sealer_;
  chat::ConversationKey conversation_ = chat::ConversationKey::of(id<chat::UserId>(1), id<chat::UserId>(2));
  chat::WrappedKey key_;
  chat::ContentBinding binding_{id<chat::MessageId>(9), id<chat::UserId>(1), id<chat::UserId>(2)};
};

TEST_F(Sealed, OpensToWhatWasSealed) {
  for (const std::size_t size : {0u, 1u, 15u, 16u, 200u, 8192u}) {
    const std::string text(size, 'm');
    const auto sealed = sealer_.seal(key_, binding_, text);
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(sealed->bytes.size(), 1 + 1 + 12 + 12 + size + 16);
    EXPECT_EQ(sealed->bytes.substr(0, 2), "\x01\x01");
    EXPECT_EQ(sealed->bytes.substr(2, 12), key_.id.view());
    const auto opened = sealer_.open(key_, binding_, *sealed);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, text);
  }
}

TEST_F(Sealed, NeverRepeatsANonceNorShowsItsText) {
  std::set<std::string> nonces;
  for (int n = 0; n < 2000; ++n) {
    const auto sealed = sealer_.seal(key_, binding_, "the plaintext canary");
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(sealed->bytes.find("canary"), std::string::npos);
    nonces.insert(sealed->bytes.substr(14, 12));
  }
  EXPECT_EQ(nonces.size(), 2000u);
}

TEST_F(Sealed, IsUnreadableAfterAnyBitOfItChanged) {
  const auto good = sealer_.seal(key_, binding_, "attack at dawn");
  ASSERT_TRUE(good.ok());
  for (std::size_t i = 0; i < good->bytes.size() * 8; ++i) {
    auto bad = *good;
    bad.bytes[i / 8] = static_cast<char>(bad.bytes[i / 8] ^ (1 << (i % 8)));
    const auto opened = sealer_.open(key_, binding_, bad);
    ASSERT_FALSE(opened.ok()) << "bit " << i;
    EXPECT_EQ(opened.error(), chat::CipherError::kUnreadable);
  }
  for (std::size_t size = 0; size < good->bytes.size(); ++size) {
    auto bad = *good;
    bad.bytes.resize(size);
    EXPECT_FALSE(sealer_.open(key_, binding_, bad).ok());
  }
}

TEST_F(Sealed, CannotBeMovedToAnotherMessageSenderOrRecipient) {
  const auto sealed = sealer_.seal(key_, binding_, "text");
  ASSERT_TRUE(sealed.ok());
  auto other = binding_;
  other.message = id<chat::MessageId>(8);
  EXPECT_FALSE(sealer_.open(key_, other, *sealed).ok());
  other = binding_;
  std::swap(other.sender, other.recipient);
  EXPECT_FALSE(sealer_.open(key_, other, *sealed).ok());
  other = binding_;
  other.recipient = id<chat::UserId>(3);
  EXPECT_FALSE(sealer_.open(key_, other, *sealed).ok());
}

TEST_F(Sealed, CannotBeOpenedWithAnotherKeyOrUnderAnotherKeysName) {
  const auto sealed = sealer_.seal(key_, binding_, "text");
  ASSERT_TRUE(sealed.ok());
  const auto other = sealer_.create_key(conversation_);
  EXPECT_FALSE(sealer_.open(other, binding_, *sealed).ok());
  auto renamed = *sealed;
  renamed.key = other.id;
  renamed.bytes.replace(2, 12, other.id.view());
  EXPECT_EQ(sealer_.open(other, binding_, renamed).error(), chat::CipherError::kUnreadable);
}

TEST_F(Sealed, StaysReadableAfterARestartAndAnEpochRotation) {
  const auto sealed = sealer_.seal(key_, binding_, "text");
  ASSERT_TRUE(sealed.ok());
  EXPECT_FALSE(sealer_.should_rotate(key_));
  ASSERT_TRUE(ring_->rotate(KeyPurpose::kEpoch).ok());
  EXPECT_TRUE(sealer_.should_rotate(key_)) << "new writes go under the new epoch key at once";
  EXPECT_FALSE(sealer_.should_rotate(sealer_.create_key(conversation_)));
  const auto ring = KeyRing::open({.directory = directory_.path(), .master = std::nullopt, .create = false}, clock_);
  ASSERT_TRUE(ring.ok());
  ContentSealer restarted(**ring, clock_);
  EXPECT_EQ(*restarted.open(key_, binding_, *sealed), "text");
}

TEST_F(Sealed, IsGoneForGoodWithItsEpochKey) {
  const auto sealed = sealer_.seal(key_, binding_, "text");
  ASSERT_TRUE(sealed.ok());
  const auto old_epoch = current_key(*ring_->keys(), KeyPurpose::kEpoch).id;
  ASSERT_TRUE(ring_->rotate(KeyPurpose::kEpoch).ok());
  ASSERT_TRUE(ring_->remove(KeyPurpose::kEpoch, old_epoch).ok());
  ContentSealer restarted(*ring_, clock_);
  EXPECT_EQ(restarted.open(key_, binding_, *sealed).error(), chat::CipherError::kUnknownKey);
  EXPECT_EQ(restarted.seal(key_, binding_, "text").error(), chat::CipherError::kUnknownKey);
  EXPECT_EQ(restarted.unknown_keys(), 2u);
}

TEST_F(Sealed, RefusesAWrappedKeyWithAnyBitChangedOrOfAnotherConversation) {
  const auto sealed = sealer_.seal(key_, binding_, "text");
  ASSERT_TRUE(sealed.ok());
  for (std::size_t i = 0; i < key_.wrapped.size() * 8; ++i) {
    ContentSealer fresh(*ring_, clock_);  // nothing cached
    auto bad = key_;
    bad.wrapped[i / 8] = static_cast<char>(bad.wrapped[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(fresh.open(bad, binding_, *sealed).ok()) << "bit " << i;
  }
  ContentSealer fresh(*ring_, clock_);
  auto moved = key_;
  moved.conversation.high = id<chat::UserId>(7);
  EXPECT_FALSE(fresh.open(moved, binding_, *sealed).ok());
  moved = key_;
  moved.wrapped.clear();
  EXPECT_FALSE(fresh.open(moved, binding_, *sealed).ok());
  EXPECT_TRUE(fresh.should_rotate(moved));
}

TEST_F(Sealed, StopsAtTheNonceBudgetOfAKey) {
  ContentSealer sealer(*ring_, clock_, 16, 3);
  const auto key = sealer.create_key(conversation_);
  for (int n = 0; n < 3; ++n) {
    EXPECT_FALSE(sealer.should_rotate(key));
    EXPECT_TRUE(sealer.seal(key, binding_, "text").ok());
  }
  EXPECT_TRUE(sealer.should_rotate(key));
  EXPECT_FALSE(sealer.seal(key, binding_, "text").ok());
  for (int n = 0; n < 100; ++n) static_cast<void>(sealer.create_key(conversation_));
  EXPECT_FALSE(sealer.seal(key, binding_, "text").ok()) << "eviction must not start the count again";
}

TEST_F(Sealed, RotatesAKeyThatIsOld) {
  clock_.advance(ContentSealer::kMaxKeyAge);
  EXPECT_FALSE(sealer_.should_rotate(key_));
  clock_.advance(std::chrono::seconds(2));
  EXPECT_TRUE(sealer_.should_rotate(key_));
}

TEST_F(Sealed, KeepsABoundedNumberOfKeysInMemory) {
  ContentSealer sealer(*ring_, clock_, 64);
  std::vector<chat::WrappedKey> keys;
  std::vector<chat::SealedContent> contents;
  for (int n = 0; n < 500; ++n) {
    keys.push_back(sealer.create_key(conversation_));
    contents.push_back(*sealer.seal(keys.back(), binding_, std::to_string(n)));
    EXPECT_LE(sealer.cached_keys(), 64u);
  }
  for (std::size_t n = 0; n < keys.size(); ++n) {
    EXPECT_EQ(*sealer.open(keys[n], binding_, contents[n]), std::to_string(n));
  }
}

TEST(AesGcm, MatchesTheTestVectorOfTheGcmSpecification) {
  // McGrew and Viega, test case 16 (AES-256, 20 bytes of associated data).
  const Secret key(*base::from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const auto associated = *base::from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const auto sealed = *base::from_hex(
      "cafebabefacedbaddecaf888"
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
      "bcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
  std::string plaintext;
  ASSERT_TRUE(append_opened(plaintext, key, associated, sealed));
  EXPECT_EQ(
      base::to_hex(plaintext),
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
}

}  // namespace
}  // namespace adapters::crypto
