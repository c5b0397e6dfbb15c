#include "app/settings.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace app {
namespace {

std::string file_with(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / ("restante-settings-" + std::to_string(::getpid()) + name);
  std::ofstream(path) << text;
  return path.string();
}

TEST(Settings, TheDocumentationIsWhatTheTableSays) {
  std::ifstream file(std::string(RESTANTE_SOURCE_DIR) + "/docs/configuration.md");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text, describe_settings()) << "write it again: restante settings > docs/configuration.md";
}

TEST(Settings, LaterSourcesOverruleEarlierOnes) {
  Settings settings;
  const auto path = file_with("a.toml",
                              "[limits]\nmessages_per_minute = 7\nlogins_per_minute = 8\n[server]\nport = 1\n"
                              "allowed_origins = [\"https://a.example\", \"https://b.example\"]\n");
  ASSERT_TRUE(load_toml(settings, path).ok());
  const char* environment[] = {"PATH=/bin", "RESTANTE_LIMITS_LOGINS_PER_MINUTE=9", "RESTANTE_SERVER_PORT=2",
                               "RESTANTE_BIN=somewhere", nullptr};
  ASSERT_TRUE(load_environment(settings, environment).ok());
  ASSERT_TRUE(assign(settings, "server.port=3").ok());
  EXPECT_EQ(settings.limits.messages_per_minute, 7u);
  EXPECT_EQ(settings.limits.logins_per_minute, 9u);
  EXPECT_EQ(settings.server.port, 3);
  EXPECT_EQ(settings.server.allowed_origins, (std::vector<std::string>{"https://a.example", "https://b.example"}));
  std::filesystem::remove(path);
}

TEST(Settings, AValueReadsAsItIsWritten) {
  Settings settings;
  for (const std::string assignment :
       {"server.port=81", "limits.messages_per_minute=7", "push.webpush=false", "redis.uri=redis://127.0.0.1:6380",
        "server.allowed_origins=https://a.example,https://b.example"}) {
    ASSERT_TRUE(assign(settings, assignment).ok()) << assignment;
    const auto equals = assignment.find('=');
    EXPECT_EQ(value_of(settings, assignment.substr(0, equals)), assignment.substr(equals + 1));
  }
  EXPECT_EQ(value_of(settings, "server.prt"), std::nullopt);
}

TEST(Settings, WhatIsUnknownOrWrongIsRefusedByName) {
  Settings settings;
  for (const std::string wrong :
       {"server.prt=1", "port=1", "server.port", "server.port=abc", "server.port=70000", "server.shards=65",
        "limits.messages_per_minute=-1", "log.level=loud", "log.level=", "log.level=debug|info",
        "storage.engine=rocksdb|mongodb", "server.insecure_plaintext=yes"}) {
    const auto done = assign(settings, wrong);
    ASSERT_FALSE(done.ok()) << wrong;
    EXPECT_NE(done.error().find(wrong.substr(0, wrong.find('='))), std::string::npos) << done.error();
  }
  const char* environment[] = {"RESTANTE_LIMITS_MESAGES=1", nullptr};
  EXPECT_FALSE(load_environment(settings, environment).ok());
  for (const std::string text : {"[server]\nprt = 1\n", "port = 1\n", "[server\n", "[server]\nport = 1.5\n"}) {
    const auto path = file_with("b.toml", text);
    EXPECT_FALSE(load_toml(settings, path).ok()) << text;
    std::filesystem::remove(path);
  }
  EXPECT_EQ(settings.server.port, 8080);
}

}  // namespace
}  // namespace app
