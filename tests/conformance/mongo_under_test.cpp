#include "mongo_under_test.hpp"

#include <gtest/gtest.h>
#include <mongoc/mongoc.h>

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <stdexcept>

namespace conformance {

namespace {

/// A short connection of its own.
class Session {
 public:
  explicit Session(const std::string& uri) {
    mongoc_init();
    client_ = mongoc_client_new(uri.c_str());
  }
  ~Session() { mongoc_client_destroy(client_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  [[nodiscard]] mongoc_client_t* get() const { return client_; }

 private:
  mongoc_client_t* client_;
};

bson_t* from_json(const std::string& json) {
  bson_error_t error;
  bson_t* const made =
      bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()), static_cast<ssize_t>(json.size()), &error);
  if (made == nullptr) throw std::runtime_error(error.message);
  return made;
}

/// Every collection of `from`, copied to `to`, which is emptied first.
void copy_database(const std::string& from, const std::string& to) {
  const auto& uri = MongoServers::shared_uri();
  drop_database(uri, to);
  const Session session(uri);
  mongoc_database_t* const database = mongoc_client_get_database(session.get(), from.c_str());
  char** const names = mongoc_database_get_collection_names_with_opts(database, nullptr, nullptr);
  for (char** name = names; *name != nullptr; ++name) {
    const auto json = std::string(R"({"aggregate":")") + *name + R"(","pipeline":[{"$out":{"db":")" + to +
                      R"(","coll":")" + *name + R"("}}],"cursor":{}})";
    if (!run_on_shared(from, json)) throw std::runtime_error("a collection could not be copied");
  }
  bson_strfreev(names);
  mongoc_database_destroy(database);
}

/// The driver's monitor looks only twice a second whether it is to stop: the next test does not wait for that.
void close_later(std::function<void()> close) {
  constexpr std::size_t kAtOnce = 8;             // each has threads and connections
  static std::deque<std::future<void>> closing;  // the last ones are waited for at the end of the program
  if (closing.size() == kAtOnce) closing.pop_front();
  closing.push_back(std::async(std::launch::async, std::move(close)));
}

}  // namespace

bool run_on_shared(const std::string& database, const std::string& json) {
  const Session session(MongoServers::shared_uri());
  bson_error_t error;
  bson_t* const command =
      bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()), static_cast<ssize_t>(json.size()), &error);
  if (command == nullptr) throw std::runtime_error(error.message);
  bson_t reply;
  const bool done =
      mongoc_client_write_command_with_opts(session.get(), database.c_str(), command, nullptr, &reply, &error);
  bson_destroy(&reply);
  bson_destroy(command);
  return done;
}

std::int64_t count_on_shared(const std::string& database, const std::string& collection, const std::string& filter) {
  const Session session(MongoServers::shared_uri());
  mongoc_collection_t* const handle = mongoc_client_get_collection(session.get(), database.c_str(), collection.c_str());
  bson_t* const wanted = from_json(filter);
  bson_error_t error;
  const auto count = mongoc_collection_count_documents(handle, wanted, nullptr, nullptr, nullptr, &error);
  bson_destroy(wanted);
  mongoc_collection_destroy(handle);
  return count;
}

std::string fresh_database() {
  static std::atomic<int> count{0};
  return "restante_test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

std::unique_ptr<adapters::mongodb::MongoStore> open_mongo(const std::string& database, const std::string& uri,
                                                          bool append_epoch) {
  adapters::mongodb::Options options;
  options.uri = uri.empty() ? MongoServers::shared_uri() : uri;
  options.database = database;
  options.append_epoch = append_epoch;
  auto opened = adapters::mongodb::MongoStore::open(options);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

void drop_database(const std::string& uri, const std::string& database) {
  const Session session(uri);
  mongoc_database_t* const handle = mongoc_client_get_database(session.get(), database.c_str());
  bson_error_t ignored;
  mongoc_database_drop(handle, &ignored);
  mongoc_database_destroy(handle);
}

MongoUnderTest::MongoUnderTest() {
  if (missing()) return;
  name_ = fresh_database();
  store_ = open_mongo(name_);
}

MongoUnderTest::~MongoUnderTest() {
  if (!store_) return;
  close_later([store = std::shared_ptr(std::move(store_)), name = name_]() mutable {
    store.reset();
    drop_database(MongoServers::shared_uri(), name);
    drop_database(MongoServers::shared_uri(), name + "_backup");
  });
}

void MongoUnderTest::reopen() {
  close_later([store = std::shared_ptr(std::move(store_))]() mutable { store.reset(); });
  store_ = open_mongo(name_);
}

void MongoUnderTest::backup() {
  copy_database(name_, name_ + "_backup");
}

void MongoUnderTest::restore() {
  store_.reset();
  copy_database(name_ + "_backup", name_);
  store_ = open_mongo(name_);
}

void MongoUnderTest::damage_key(const chat::KeyId& id) {
  damage("keys", R"("_id":{"$oid":")" + id.hex() + "\"}", "wrapped");
}

void MongoUnderTest::damage_user(const chat::UserId& id) {
  damage("users", R"("_id":{"$oid":")" + id.hex() + "\"}", "username");
}

void MongoUnderTest::damage_message(const chat::Message& message) {
  damage("messages", R"("_id":{"$oid":")" + message.id.hex() + "\"}", "content");
}

void MongoUnderTest::damage_watermark(const chat::WatermarkStep& step) {
  const std::string kind = step.kind == chat::WatermarkKind::kRead ? "read" : "delivered";
  damage("watermarks",
         R"("author":{"$oid":")" + step.author.hex() + R"("},"reader":{"$oid":")" + step.reader.hex() +
             R"("},"kind":")" + kind + R"(","upTo":)" + std::to_string(step.up_to.value),
         "newest");
}

void MongoUnderTest::damage(const std::string& collection, const std::string& filter, const std::string& field) {
  ASSERT_EQ(count_on_shared(name_, collection, "{" + filter + "}"), 1);
  ASSERT_TRUE(run_on_shared(name_, R"({"update":")" + collection + R"(","updates":[{"q":{)" + filter +
                                       R"(},"u":{"$set":{")" + field + R"(":[7]}}}]})"));
}

}  // namespace conformance
