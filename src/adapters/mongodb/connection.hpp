#pragma once
// The driver, bounded: a pool of connections, and one connection with its session for the length of a call.
// Everything reads from the primary with read concern "majority" and writes with {w: "majority", j: true}.
// Inside of this room.

#include <mongoc/mongoc.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "adapters/mongodb/document.hpp"
#include "adapters/mongodb/options.hpp"
#include "base/result.hpp"
#include "chat/ports/store_error.hpp"

namespace adapters::mongodb {

/// What went wrong in a command, and what follows from it.
struct Failure {
  enum Kind : std::uint8_t {
    kConflict,   // another writer was first: a duplicate key or a write conflict
    kTransient,  // not primary, network, time-out: the same may work again
    kUnknown,    // of a commit: it may have happened
    kFull,
    kOther,
  };
  Kind kind = kOther;
  int code = 0;
  std::string message;  // the driver's words; may name a host, holds no content
  bool ended = false;   // the server itself says so: of the transaction nothing is written, nor will be
  /// Of a commit: it certainly did not happen. That the driver got no answer or no connection does not say so: what it
  /// has sent before, a server that was slow or stood still reads and does when it goes on.
  [[nodiscard]] bool undone() const { return ended || kind == kConflict; }
};
Failure failure_of(const bson_error_t& error, const bson_t* reply);
using Done = std::optional<Failure>;  // nullopt: done

class Pool;

/// One connection out of the pool, given back at the end. One thread at a time.
class Connection {
 public:
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  /// Runs a command on the database. `reply` may be null.
  Done run(const Document& command, Document* reply = nullptr);
  /// The same on the database "admin".
  Done run_on_admin(const Document& command, Document* reply);
  /// Calls `row` with each document until it returns false. `options` as the driver takes them (sort, limit, …).
  template <class Fn>
  Done find(const char* collection, const Document& filter, const Document& options, Fn&& row) {
    Cursor cursor(*this, collection, filter, options);
    while (const bson_t* const document = cursor.next()) {
      if (!row(document)) return std::nullopt;
    }
    return cursor.failure();
  }
  Done insert(const char* collection, const Document& document);

  // A transaction (the session has one at a time).
  Done begin(std::chrono::milliseconds commit_time);
  /// May be called again unless the failure is undone().
  Done commit();
  void abort();

  [[nodiscard]] mongoc_client_session_t* session() { return session_; }
  [[nodiscard]] mongoc_collection_t* open_collection(const char* name);
  /// Options that a call within this session has to carry.
  void join_session(Document& options) const;
  /// Reads of the pool's later connections see at least what this one has seen.
  void remember_time();

 private:
  friend class Pool;
  Connection(Pool& pool, mongoc_client_t* client, mongoc_client_session_t* session)
      : pool_(&pool), client_(client), session_(session) {}

  Done run_on(const char* database, const Document& command, Document* reply);

  class Cursor {
   public:
    Cursor(Connection& connection, const char* collection, const Document& filter, const Document& options);
    ~Cursor();
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    const bson_t* next();
    Done failure();

   private:
    mongoc_collection_t* collection_;
    mongoc_cursor_t* cursor_;
  };

  Pool* pool_;
  mongoc_client_t* client_;
  mongoc_client_session_t* session_;
};

/// Thread-safe.
class Pool {
 public:
  static base::Result<std::unique_ptr<Pool>, OpenError> create(const Options& options);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// nullopt: none became free in time, or there is no server to open a session with.
  [[nodiscard]] std::optional<Connection> lease();
  [[nodiscard]] const std::string& database() const { return database_; }

 private:
  friend class Connection;
  struct OperationTime {
    std::uint32_t timestamp = 0;
    std::uint32_t increment = 0;
  };
  Pool(mongoc_client_pool_t* pool, std::string database, const Options& options);

  mongoc_client_pool_t* pool_;
  const std::string database_;
  const std::chrono::milliseconds read_time_;
  std::mutex mutex_;
  OperationTime newest_;  // guarded
};

}  // namespace adapters::mongodb
