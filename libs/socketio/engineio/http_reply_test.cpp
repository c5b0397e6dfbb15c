#include "socketio/engineio/http_reply.hpp"

#include <gtest/gtest.h>

namespace engineio {
namespace {

/// Those of this library, and those that Restante's API answers (docs/openapi.json).
TEST(HttpReply, EveryStatusThatIsAnsweredHasItsName) {
  for (const int status :
       {200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409, 413, 414, 429, 431, 500, 501, 503, 505, 507})
    EXPECT_NE(status_text(status), "Status") << status;
  EXPECT_EQ(status_text(507), "Insufficient Storage");
  EXPECT_EQ(status_text(299), "Status");
}

}  // namespace
}  // namespace engineio
