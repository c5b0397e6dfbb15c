#include "app/directory_lock.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/temporary_directory_testing.hpp"

namespace app {
namespace {

TEST(DirectoryLock, IsHeldByOneAtATimeAndLeavesNothingBehind) {
  const base::TemporaryDirectory directory;
  {
    const auto held = DirectoryLock::take(directory.path());
    ASSERT_TRUE(held.ok());
    const auto second = DirectoryLock::take(directory.path());
    ASSERT_FALSE(second.ok());
    EXPECT_NE(second.error().find("in use"), std::string::npos);
    EXPECT_NE(second.error().find(directory.path()), std::string::npos);
  }
  EXPECT_TRUE(DirectoryLock::take(directory.path()).ok());
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(DirectoryLock, MovesWithItsHolder) {
  const base::TemporaryDirectory directory;
  DirectoryLock holder;
  {
    auto taken = DirectoryLock::take(directory.path());
    ASSERT_TRUE(taken.ok());
    holder = std::move(*taken);
  }
  EXPECT_FALSE(DirectoryLock::take(directory.path()).ok());
  holder = DirectoryLock();
  EXPECT_TRUE(DirectoryLock::take(directory.path()).ok());
}

TEST(DirectoryLock, OfADirectoryThatIsNotThereIsAnErrorThatNamesIt) {
  const base::TemporaryDirectory directory;
  const auto taken = DirectoryLock::take(directory.file("none"));
  ASSERT_FALSE(taken.ok());
  EXPECT_NE(taken.error().find(directory.file("none")), std::string::npos);
}

}  // namespace
}  // namespace app
