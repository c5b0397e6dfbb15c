#include "adapters/crypto/key_ring.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "adapters/crypto/secret_file.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::crypto {
namespace {

class KeyRingFiles : public ::testing::Test {
 protected:
  base::Result<std::unique_ptr<KeyRing>, KeyRingError> open(bool create = true) {
    return KeyRing::open({.directory = directory_.path(), .master = std::nullopt, .create = create}, clock_);
  }
  std::string content(const std::string& name) {
    std::ifstream file(directory_.file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& name, const std::string& text) {
    ::chmod(directory_.file(name).c_str(), 0600);
    std::ofstream(directory_.file(name), std::ios::binary | std::ios::trunc) << text;
    ::chmod(directory_.file(name).c_str(), 0600);
  }
  KeyRingError::Cause refusal() {
    const auto opened = open();
    EXPECT_FALSE(opened.ok());
    if (opened.ok()) return KeyRingError::kUnavailable;
    EXPECT_FALSE(opened.error().message.empty());
    return opened.error().cause;
  }
  unsigned mode(const std::string& name) {
    struct stat status{};
    EXPECT_EQ(::stat(directory_.file(name).c_str(), &status), 0);
    return status.st_mode & 0777u;
  }

  base::TemporaryDirectory directory_;
  base::ManualClock clock_;
};

TEST_F(KeyRingFiles, AreMadeAtFirstBootAndReadableByTheOwnerOnly) {
  const auto ring = open();
  ASSERT_TRUE(ring.ok());
  EXPECT_EQ(mode("master.key"), 0400u);
  EXPECT_EQ(mode("keys"), 0600u);
  EXPECT_EQ(content("master.key").size(), kKeyBytes);
  EXPECT_EQ((*ring)->keys()->size(), 4u);
}

TEST_F(KeyRingFiles, GiveTheSameKeysAgainAndHoldNoneInTheClear) {
  const auto first = open();
  ASSERT_TRUE(first.ok());
  const auto second = open(false);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ((*second)->keys()->size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const RingKey& key = (*first)->keys()->at(i);
    EXPECT_EQ((*second)->keys()->at(i).id, key.id);
    EXPECT_EQ((*second)->keys()->at(i).secret.view(), key.secret.view());
    EXPECT_EQ(content("keys").find(key.secret.view()), std::string::npos);
  }
}

TEST_F(KeyRingFiles, KeepOlderKeysAfterARotationUntilTheyAreRemoved) {
  const auto ring = open();
  ASSERT_TRUE(ring.ok());
  const auto version = (*ring)->version();
  const auto old_id = current_key(*(*ring)->keys(), KeyPurpose::kEpoch).id;
  const auto new_id = (*ring)->rotate(KeyPurpose::kEpoch);
  ASSERT_TRUE(new_id.ok());
  EXPECT_GT((*ring)->version(), version);
  const auto again = open(false);
  ASSERT_TRUE(again.ok());
  const auto keys = (*again)->keys();
  EXPECT_EQ(current_key(*keys, KeyPurpose::kEpoch).id, *new_id);
  EXPECT_NE(find_key(*keys, KeyPurpose::kEpoch, old_id), nullptr);
  EXPECT_EQ(find_key(*keys, KeyPurpose::kToken, old_id), nullptr) << "purposes do not mix";
  EXPECT_FALSE((*again)->remove(KeyPurpose::kEpoch, *new_id).ok()) << "the current one stays";
  ASSERT_TRUE((*again)->remove(KeyPurpose::kEpoch, old_id).ok());
  const auto last = open(false);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(find_key(*(*last)->keys(), KeyPurpose::kEpoch, old_id), nullptr);
}

TEST_F(KeyRingFiles, OfAnOlderVersionGetAVapidKeyThatStays) {
  ASSERT_TRUE(open().ok());
  std::string text = content("keys");
  const std::size_t at = text.find("vapid ");
  ASSERT_NE(at, std::string::npos);
  write("keys", text.erase(at, text.find('\n', at) + 1 - at));
  const auto first = open(false);
  ASSERT_TRUE(first.ok());
  const auto second = open(false);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ((*second)->keys()->size(), 4u);
  EXPECT_EQ(current_key(*(*first)->keys(), KeyPurpose::kVapid).id,
            current_key(*(*second)->keys(), KeyPurpose::kVapid).id);
}

TEST_F(KeyRingFiles, AreRefusedWhenOthersMayReadThem) {
  ASSERT_TRUE(open().ok());
  for (const unsigned exposed : {0440u, 0404u, 0660u, 0420u}) {
    ::chmod(directory_.file("master.key").c_str(), exposed);
    EXPECT_EQ(refusal(), KeyRingError::kExposed);
  }
  ::chmod(directory_.file("master.key").c_str(), 0400);
  ::chmod(directory_.file("keys").c_str(), 0644);
  EXPECT_EQ(refusal(), KeyRingError::kExposed);
}

TEST_F(KeyRingFiles, AreRefusedWithAMasterKeyOfAnotherSizeOrWithoutRandomness) {
  ASSERT_TRUE(open().ok());
  for (const std::size_t size : {0u, 16u, 31u, 33u, 64u}) {
    write("master.key", std::string(size, 'k'));
    EXPECT_EQ(refusal(), KeyRingError::kWeak);
  }
  write("master.key", std::string(kKeyBytes, '\0'));
  EXPECT_EQ(refusal(), KeyRingError::kWeak);
  write("master.key", "changemechangemechangemechangeme");
  EXPECT_EQ(refusal(), KeyRingError::kWeak);
  write("master.key", std::string(5000, 'k'));
  EXPECT_EQ(refusal(), KeyRingError::kExposed);
}

TEST_F(KeyRingFiles, AreRefusedWithAnotherMasterKey) {
  ASSERT_TRUE(open().ok());
  write("master.key", std::string(Secret::random().view()));
  EXPECT_EQ(refusal(), KeyRingError::kDamaged);
}

TEST_F(KeyRingFiles, AreNotReplacedWhenOneIsMissingFromAnInstallation) {
  ASSERT_TRUE(open().ok());
  std::filesystem::rename(directory_.file("master.key"), directory_.file("elsewhere"));
  EXPECT_EQ(refusal(), KeyRingError::kMissing);
  std::filesystem::rename(directory_.file("elsewhere"), directory_.file("master.key"));
  std::filesystem::remove(directory_.file("keys"));
  const auto opened = open(false);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().cause, KeyRingError::kMissing);
}

TEST_F(KeyRingFiles, AreRefusedAfterAnyByteOfTheKeysFileChanged) {
  ASSERT_TRUE(open().ok());
  const std::string good = content("keys");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write("keys", bad);
    EXPECT_EQ(refusal(), KeyRingError::kDamaged) << i;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    write("keys", good.substr(0, size));
    EXPECT_EQ(refusal(), KeyRingError::kDamaged) << size;
  }
  write("keys", good);
  EXPECT_TRUE(open().ok());
}

TEST_F(KeyRingFiles, TakeAMasterKeyThatIsHandedIn) {
  const Secret master = Secret::random();
  const KeyRingOptions options{.directory = directory_.path(), .master = master, .create = true};
  const auto first = KeyRing::open(options, clock_);
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(std::filesystem::exists(directory_.file("master.key")));
  const auto second = KeyRing::open(options, clock_);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->keys()->front().secret.view(), (*first)->keys()->front().secret.view());
}

TEST_F(KeyRingFiles, SurviveACrashThatLeftATemporaryFileBehind) {
  write("keys.new", "half a fi");
  ASSERT_TRUE(open().ok());
  write("keys.new", "half a fi");
  const auto ring = open();
  ASSERT_TRUE(ring.ok());
  EXPECT_TRUE((*ring)->rotate(KeyPurpose::kToken).ok());
  EXPECT_FALSE(std::filesystem::exists(directory_.file("keys.new")));
}

TEST_F(KeyRingFiles, SayWhyTheyCannotBeWritten) {
  const auto opened = KeyRing::open({.directory = "/proc/nowhere", .master = std::nullopt, .create = true}, clock_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().cause, KeyRingError::kUnavailable);
  EXPECT_NE(opened.error().message.find("/proc/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace adapters::crypto
