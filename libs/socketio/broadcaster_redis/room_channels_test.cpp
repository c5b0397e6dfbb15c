#include "socketio/broadcaster_redis/room_channels.hpp"

#include <gtest/gtest.h>

namespace broadcaster_redis {
namespace {

std::string taken(RoomChannels& rooms) {
  std::string text;
  for (const auto& change : rooms.take()) text += (change.wanted ? " +" : " -") + change.channel;
  return text;
}

TEST(RoomChannels, ARoomIsListenedToWhileAnyShardHasIt) {
  RoomChannels rooms;
  EXPECT_TRUE(rooms.open("a"));
  EXPECT_FALSE(rooms.open("a"));
  EXPECT_EQ(taken(rooms), " +a");
  EXPECT_FALSE(rooms.close("a"));
  EXPECT_EQ(taken(rooms), "");
  EXPECT_TRUE(rooms.close("a"));
  EXPECT_EQ(taken(rooms), " -a");
}

TEST(RoomChannels, ChangesAreGatheredUntilTheyAreTaken) {
  RoomChannels rooms;
  EXPECT_TRUE(rooms.open("a"));
  EXPECT_FALSE(rooms.open("b"));
  EXPECT_FALSE(rooms.close("b"));
  EXPECT_FALSE(rooms.open("c"));
  EXPECT_EQ(taken(rooms), " +a +c");
}

TEST(RoomChannels, ARoomThatCameBackMeanwhileIsNoChange) {
  RoomChannels rooms;
  rooms.open("a");
  rooms.take();
  EXPECT_TRUE(rooms.close("a"));
  EXPECT_FALSE(rooms.open("a"));
  EXPECT_EQ(taken(rooms), "");
  EXPECT_TRUE(rooms.close("a"));
  EXPECT_EQ(taken(rooms), " -a");
}

}  // namespace
}  // namespace broadcaster_redis
