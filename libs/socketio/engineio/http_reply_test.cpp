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

TEST(HttpReply, WhatHasNoBodyHasNoLength) {
  for (const int status : {204, 304}) {
    std::string out;
    append_reply(out, {.status = status, .date = "today"}, {}, "", "not for the wire", false);
    EXPECT_EQ(out.find("Content-Length"), std::string::npos) << out;
    EXPECT_TRUE(out.ends_with("\r\n\r\n")) << out;
  }
  std::string out;
  append_reply(out, {.status = 200, .date = "today"}, {}, "", "", false);
  EXPECT_NE(out.find("Content-Length: 0\r\n"), std::string::npos) << out;
}

}  // namespace
}  // namespace engineio
