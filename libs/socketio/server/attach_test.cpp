#include <gtest/gtest.h>

#include "aio/shard.hpp"
#include "socketio/engineio/server.hpp"
#include "socketio/server/hub.hpp"
#include "socketio/server/server.hpp"

namespace socketio {
namespace {

/// The packet limits of a server with such options on an engine that takes 5 MB at a time.
socketio_codec::DecodeLimits attached(const ServerOptions& options) {
  const base::SystemClock clock;
  aio::Shard shard(aio::ShardIndex{0}, clock);
  aio::Shard* const shards[] = {&shard};
  engineio::ServerOptions engine_options;
  engine_options.max_payload = 5'000'000;
  engineio::Server engine(engine_options, {&shard}, clock);
  Server server(options);
  server.attach(engine, shards);
  return server.hubs().front()->options().packets;
}

TEST(Attach, AttachmentsMayBeAsLargeAsTheEngineTellsItsClients) {
  const auto limits = attached({});
  EXPECT_EQ(limits.attachment_bytes, 5'000'000u);
  EXPECT_EQ(limits.attachments_total_bytes, 5'000'000u);
}

TEST(Attach, BoundsOfOnesOwnStay) {
  ServerOptions options;
  options.packets.attachment_bytes = 1'000;
  options.packets.attachments_total_bytes = 9'000'000;
  const auto limits = attached(options);
  EXPECT_EQ(limits.attachment_bytes, 1'000u);
  EXPECT_EQ(limits.attachments_total_bytes, 9'000'000u);
  options.packets = socketio_codec::DecodeLimits();
  EXPECT_EQ(attached(options).attachment_bytes, socketio_codec::DecodeLimits().attachment_bytes);
}

}  // namespace
}  // namespace socketio
