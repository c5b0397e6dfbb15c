#include "adapters/mongodb/connection.hpp"

#include "base/check.hpp"

namespace adapters::mongodb {

namespace {

/// The driver's library, for the life of the process.
struct Driver {
  Driver() {
    mongoc_init();
    // It would write to standard error, past our log and its rules.
    mongoc_log_set_handler(nullptr, nullptr);
  }
  ~Driver() { mongoc_cleanup(); }
};

constexpr int kDuplicateKey = 11000;
constexpr int kWriteConflict = 112;
constexpr int kOutOfDiskSpace = 14031;
constexpr int kConnectMilliseconds = 2000;
constexpr const char* kDefaultDatabase = "restante";

struct UriDeleter {
  void operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }
};
using Uri = std::unique_ptr<mongoc_uri_t, UriDeleter>;

void default_option(mongoc_uri_t* uri, const char* name, std::chrono::milliseconds value) {
  if (!mongoc_uri_has_option(uri, name)) mongoc_uri_set_option_as_int32(uri, name, static_cast<int>(value.count()));
}

void set_concerns(mongoc_uri_t* uri, std::chrono::milliseconds majority_time) {
  mongoc_read_concern_t* const read = mongoc_read_concern_new();
  mongoc_read_concern_set_level(read, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
  mongoc_uri_set_read_concern(uri, read);
  mongoc_read_concern_destroy(read);
  mongoc_write_concern_t* const write = mongoc_write_concern_new();
  mongoc_write_concern_set_wmajority(write, static_cast<int>(majority_time.count()));
  mongoc_write_concern_set_journal(write, true);
  mongoc_uri_set_write_concern(uri, write);
  mongoc_write_concern_destroy(write);
  // A read preference in the URI would send decisions to a secondary.
  mongoc_read_prefs_t* const primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
  mongoc_uri_set_read_prefs_t(uri, primary);
  mongoc_read_prefs_destroy(primary);
}

void configure(mongoc_uri_t* uri, const Options& options) {
  default_option(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, options.server_selection);
  default_option(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, options.wait_for_connection);
  default_option(uri, MONGOC_URI_CONNECTTIMEOUTMS, std::chrono::milliseconds(kConnectMilliseconds));
  // Beyond what the server itself allows an operation: what is silent for so long is dead.
  default_option(uri, MONGOC_URI_SOCKETTIMEOUTMS, std::max(options.read_time, options.majority_time) * 2);
  if (!mongoc_uri_has_option(uri, MONGOC_URI_MAXPOOLSIZE)) {
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, static_cast<int>(options.pool_size));
  }
  set_concerns(uri, options.majority_time);
}

}  // namespace

Failure failure_of(const bson_error_t& error, const bson_t* reply) {
  Failure failure;
  failure.code = static_cast<int>(error.code);
  failure.message = error.message;
  const auto labelled = [&](const char* label) { return reply != nullptr && mongoc_error_has_label(reply, label); };
  const bool of_server = error.domain == MONGOC_ERROR_SERVER || error.domain == MONGOC_ERROR_WRITE_CONCERN ||
                         error.domain == MONGOC_ERROR_COMMAND || error.domain == MONGOC_ERROR_COLLECTION;
  if (of_server && (failure.code == kDuplicateKey || failure.code == kWriteConflict)) {
    failure.kind = Failure::kConflict;
  } else if (labelled("UnknownTransactionCommitResult")) {
    failure.kind = Failure::kUnknown;
  } else if (labelled("TransientTransactionError") || error.domain == MONGOC_ERROR_STREAM ||
             error.domain == MONGOC_ERROR_SERVER_SELECTION || labelled("RetryableWriteError")) {
    failure.kind = Failure::kTransient;
  } else if (of_server && failure.code == kOutOfDiskSpace) {
    failure.kind = Failure::kFull;
  }
  failure.ended = of_server && failure.kind != Failure::kUnknown && labelled("TransientTransactionError");
  return failure;
}

base::Result<std::unique_ptr<Pool>, OpenError> Pool::create(const Options& options) {
  static const Driver driver;
  bson_error_t error;
  const Uri uri(mongoc_uri_new_with_error(options.uri.c_str(), &error));
  if (!uri) {
    // The driver's message may repeat the URI, and with it a password.
    return base::fail(OpenError{OpenError::kInvalidUri, "storage.mongodb_uri is not a MongoDB connection string"});
  }
  std::string database = options.database;
  if (const char* const named = mongoc_uri_get_database(uri.get()); database.empty()) {
    database = named != nullptr ? named : kDefaultDatabase;
  }
  configure(uri.get(), options);
  mongoc_client_pool_t* const pool = mongoc_client_pool_new_with_error(uri.get(), &error);
  if (pool == nullptr)
    return base::fail(OpenError{OpenError::kInvalidUri, "storage.mongodb_uri: " + std::string(error.message)});
  mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2);
  mongoc_client_pool_set_appname(pool, "restante");
  return std::unique_ptr<Pool>(new Pool(pool, std::move(database), options));
}

Pool::Pool(mongoc_client_pool_t* pool, std::string database, const Options& options)
    : pool_(pool), database_(std::move(database)), read_time_(options.read_time) {}

Pool::~Pool() {
  mongoc_client_pool_destroy(pool_);
}

std::optional<Connection> Pool::lease() {
  mongoc_client_t* const client = mongoc_client_pool_pop(pool_);
  if (client == nullptr) return std::nullopt;
  bson_error_t error;
  mongoc_client_session_t* const session = mongoc_client_start_session(client, nullptr, &error);
  if (session == nullptr) {
    mongoc_client_pool_push(pool_, client);
    return std::nullopt;
  }
  OperationTime newest;
  {
    const std::lock_guard lock(mutex_);
    newest = newest_;
  }
  if (newest.timestamp != 0) {
    mongoc_client_session_advance_operation_time(session, newest.timestamp, newest.increment);
  }
  return Connection(*this, client, session);
}

Connection::Connection(Connection&& other) noexcept
    : pool_(other.pool_),
      client_(std::exchange(other.client_, nullptr)),
      session_(std::exchange(other.session_, nullptr)) {}

Connection::~Connection() {
  if (session_ != nullptr) mongoc_client_session_destroy(session_);
  if (client_ != nullptr) mongoc_client_pool_push(pool_->pool_, client_);
}

mongoc_collection_t* Connection::open_collection(const char* name) {
  return mongoc_client_get_collection(client_, pool_->database_.c_str(), name);
}

void Connection::join_session(Document& options) const {
  bson_error_t error;
  CHECK(mongoc_client_session_append(session_, options.mutable_bson(), &error));
}

void Connection::remember_time() {
  std::uint32_t timestamp = 0;
  std::uint32_t increment = 0;
  mongoc_client_session_get_operation_time(session_, &timestamp, &increment);
  const std::lock_guard lock(pool_->mutex_);
  auto& newest = pool_->newest_;
  if (std::pair(timestamp, increment) > std::pair(newest.timestamp, newest.increment)) newest = {timestamp, increment};
}

Done Connection::run(const Document& command, Document* reply) {
  return run_on(pool_->database_.c_str(), command, reply);
}

Done Connection::run_on_admin(const Document& command, Document* reply) {
  return run_on("admin", command, reply);
}

Done Connection::run_on(const char* database, const Document& command, Document* reply) {
  Document options;
  join_session(options);
  bson_t answer;
  bson_error_t error;
  const bool done =
      mongoc_client_command_with_opts(client_, database, command.bson(), nullptr, options.bson(), &answer, &error);
  Done failure;
  if (!done) failure = failure_of(error, &answer);
  if (done && reply != nullptr) bson_concat(reply->mutable_bson(), &answer);
  bson_destroy(&answer);
  return failure;
}

Done Connection::insert(const char* name, const Document& document) {
  mongoc_collection_t* const collection = open_collection(name);
  Document options;
  join_session(options);
  bson_t reply;
  bson_error_t error;
  const bool done = mongoc_collection_insert_one(collection, document.bson(), options.bson(), &reply, &error);
  Done failure;
  if (!done) failure = failure_of(error, &reply);
  bson_destroy(&reply);
  mongoc_collection_destroy(collection);
  return failure;
}

Done Connection::begin(std::chrono::milliseconds commit_time) {
  mongoc_transaction_opt_t* const options = mongoc_transaction_opts_new();
  mongoc_read_concern_t* const read = mongoc_read_concern_new();
  mongoc_read_concern_set_level(read, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
  mongoc_transaction_opts_set_read_concern(options, read);
  mongoc_read_concern_destroy(read);
  mongoc_transaction_opts_set_max_commit_time_ms(options, commit_time.count());
  bson_error_t error;
  const bool begun = mongoc_client_session_start_transaction(session_, options, &error);
  mongoc_transaction_opts_destroy(options);
  if (begun) return std::nullopt;
  return failure_of(error, nullptr);
}

Done Connection::commit() {
  bson_t reply;
  bson_error_t error;
  const bool done = mongoc_client_session_commit_transaction(session_, &reply, &error);
  Done failure;
  if (!done) failure = failure_of(error, &reply);
  bson_destroy(&reply);
  return failure;
}

void Connection::abort() {
  if (!mongoc_client_session_in_transaction(session_)) return;
  // What the server does not hear it ends by itself.
  bson_error_t ignored;
  static_cast<void>(mongoc_client_session_abort_transaction(session_, &ignored));
}

Connection::Cursor::Cursor(Connection& connection, const char* collection, const Document& filter,
                           const Document& options)
    : collection_(connection.open_collection(collection)) {
  Document all;
  all.merge(options);
  connection.join_session(all);
  // Within a transaction the commit's own limits count.
  if (!mongoc_client_session_in_transaction(connection.session_)) {
    all.add("maxTimeMS", connection.pool_->read_time_.count());
  }
  cursor_ = mongoc_collection_find_with_opts(collection_, filter.bson(), all.bson(), nullptr);
}

Connection::Cursor::~Cursor() {
  mongoc_cursor_destroy(cursor_);
  mongoc_collection_destroy(collection_);
}

const bson_t* Connection::Cursor::next() {
  const bson_t* document = nullptr;
  return mongoc_cursor_next(cursor_, &document) ? document : nullptr;
}

Done Connection::Cursor::failure() {
  bson_error_t error;
  const bson_t* reply = nullptr;
  if (!mongoc_cursor_error_document(cursor_, &error, &reply)) return std::nullopt;
  return failure_of(error, reply);
}

}  // namespace adapters::mongodb
