#pragma once
// MongoStore as the suites see it: a database of its own on the shared server, gone at the end.

#include <memory>
#include <string>

#include "adapters/mongodb/mongo_store.hpp"
#include "mongo_server.hpp"

namespace conformance {

class MongoUnderTest {
 public:
  static std::optional<std::string> missing() { return MongoServers::missing(); }

  /// Opens nothing where there is no server: the suites skip before they use it.
  MongoUnderTest();
  ~MongoUnderTest();
  MongoUnderTest(const MongoUnderTest&) = delete;
  MongoUnderTest& operator=(const MongoUnderTest&) = delete;
  chat::Store& store() { return *store_; }
  chat::KeyCheckStore& key_checks() { return *store_; }
  void reopen();
  void backup();
  void restore();

  // Documents changed behind the store's back, into what no longer has its meaning.
  void damage_key(const chat::KeyId& id);
  void damage_user(const chat::UserId& id);
  void damage_message(const chat::Message& message);
  void damage_watermark(const chat::WatermarkStep& step);

 private:
  void damage(const std::string& collection, const std::string& filter, const std::string& field);

  std::string name_;
  std::unique_ptr<adapters::mongodb::MongoStore> store_;
};

/// A name that no other test uses.
std::string fresh_database();
/// On the shared server, or on `uri`.
std::unique_ptr<adapters::mongodb::MongoStore> open_mongo(const std::string& database, const std::string& uri = "",
                                                          bool append_epoch = true);
void drop_database(const std::string& uri, const std::string& database);
/// Documents of a collection on the shared server that fit a filter in relaxed extended JSON.
std::int64_t count_on_shared(const std::string& database, const std::string& collection, const std::string& filter);
/// Runs a command (relaxed extended JSON) on the shared server; false: it failed.
bool run_on_shared(const std::string& database, const std::string& json);

}  // namespace conformance
