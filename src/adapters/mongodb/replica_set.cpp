#include "adapters/mongodb/replica_set.hpp"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "adapters/mongodb/document.hpp"
#include "base/read_number.hpp"

namespace adapters::mongodb {

namespace {

using Clock = std::chrono::steady_clock;
using Outcome = base::Result<void, std::string>;

/// Why a step was not taken.
struct Setback {
  std::string why;
  bool passing = false;
};
using Step = base::Result<void, Setback>;

// The server's codes.
constexpr std::uint32_t kAlreadyInitialized = 23;  // by our earlier try, whose answer was lost
constexpr std::uint32_t kNodeNotFound = 74;        // another member does not answer yet
constexpr std::uint32_t kNotYetInitialized = 94;   // it has no configuration of a set
constexpr std::uint32_t kReconfigInProgress = 109;
constexpr std::uint32_t kStateChanged = 11602;        // interrupted by an election
constexpr std::chrono::milliseconds kLookAgain{100};  // a start takes seconds
/// An election within a second or two: everything is on one machine, where silence means death.
constexpr int kElectionMilliseconds = 1000;
constexpr int kHeartbeatMilliseconds = 500;

struct ClientDeleter {
  void operator()(mongoc_client_t* client) const { mongoc_client_destroy(client); }
};
using Client = std::unique_ptr<mongoc_client_t, ClientDeleter>;

/// One of the set, and how long it may take for one command.
struct Member {
  std::string address;
  std::chrono::milliseconds answer_within;
};

std::string no_address(const std::string& text) {
  return "\"" + text + "\" is not an address of the form HOST:PORT";
}

struct Reply {
  Document document;
  std::string failure;  // empty: done
  std::uint32_t code = 0;
  bool passing = false;  // of a failure: the same may work when the server has started
};

bool is_passing(const bson_error_t& error) {
  if (error.domain == MONGOC_ERROR_STREAM || error.domain == MONGOC_ERROR_SERVER_SELECTION) return true;
  return error.code == kAlreadyInitialized || error.code == kNodeNotFound || error.code == kReconfigInProgress ||
         error.code == kStateChanged;
}

/// "host:port", the host an address or a name. The driver takes more, and looks for it until patience is over.
bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || (c == ':' && bracketed);
  };
  std::uint16_t port = 0;
  return !host.empty() && std::all_of(host.begin(), host.end(), allowed) &&
         base::read_number(text.substr(colon + 1), port) && port != 0;
}

/// Straight to one member, whatever its state.
Reply run(const Member& member, const Document& command) {
  const auto wait = std::to_string(member.answer_within.count());
  const auto uri =
      "mongodb://" + member.address +
      "/?directConnection=true&serverSelectionTimeoutMS=2000&connectTimeoutMS=2000&socketTimeoutMS=" + wait;
  const Client client(mongoc_client_new(uri.c_str()));
  Reply reply;
  if (!client) {
    reply.failure = no_address(member.address);
    return reply;
  }
  bson_error_t error;
  bson_t answer;
  if (!mongoc_client_command_simple(client.get(), "admin", command.bson(), nullptr, &answer, &error)) {
    reply.failure = "MongoDB at " + member.address + ": " + error.message;
    reply.code = error.code;
    reply.passing = is_passing(error);
  }
  bson_concat(reply.document.mutable_bson(), &answer);
  bson_destroy(&answer);
  return reply;
}

/// True when the member answers and the field is true (or not 0).
bool says(const Member& member, const char* command, const char* field) {
  const auto reply = run(member, Document().add(command, 1));
  bson_iter_t at;
  return reply.failure.empty() && bson_iter_init_find(&at, reply.document.bson(), field) && bson_iter_as_bool(&at);
}

/// A copy of a document inside of another one.
std::optional<Document> document_at(const bson_iter_t& at) {
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  bson_t view;
  if (!BSON_ITER_HOLDS_DOCUMENT(&at)) return std::nullopt;
  bson_iter_document(&at, &size, &bytes);
  if (!bson_init_static(&view, bytes, size)) return std::nullopt;
  std::optional<Document> copy(std::in_place);
  bson_concat(copy->mutable_bson(), &view);
  return copy;
}

std::int64_t number(const Document& document, const char* key) {
  bson_iter_t at;
  return bson_iter_init_find(&at, document.bson(), key) ? bson_iter_as_int64(&at) : -1;
}

std::string text(const Document& document, const char* key) {
  bson_iter_t at;
  if (!bson_iter_init_find(&at, document.bson(), key) || !BSON_ITER_HOLDS_UTF8(&at)) return {};
  return bson_iter_utf8(&at, nullptr);
}

Outcome wait_until(Clock::time_point deadline, const std::string& what, const std::function<bool()>& condition) {
  while (!condition()) {
    if (Clock::now() > deadline) return base::fail("MongoDB: " + what + " in time; its log says why");
    std::this_thread::sleep_for(kLookAgain);
  }
  return {};
}

Setback setback_of(const Reply& reply) {
  return {reply.failure, reply.passing};
}

/// A configuration of the set, and the member that has it.
struct Known {
  std::optional<Document> config;  // none: the set is new
  std::optional<Member> member;
};

base::Result<Known, Setback> newest_configuration(const std::vector<Member>& members) {
  Known newest;
  for (const auto& member : members) {
    const auto reply = run(member, Document().add("replSetGetConfig", 1));
    if (reply.code == kNotYetInitialized) continue;
    if (!reply.failure.empty()) return base::fail(setback_of(reply));
    bson_iter_t at;
    if (!bson_iter_init_find(&at, reply.document.bson(), "config"))
      return base::fail(Setback{"MongoDB at " + member.address + " answers without a configuration"});
    auto config = document_at(at);
    if (!config) return base::fail(Setback{"MongoDB at " + member.address + " answers with a damaged configuration"});
    if (newest.config && number(*newest.config, "version") >= number(*config, "version")) continue;
    newest.config.emplace(std::move(*config));
    newest.member = member;
  }
  return newest;
}

Step initiate(const std::vector<Member>& members) {
  std::vector<Document> list(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) list[i].add("_id", i).add("host", members[i].address);
  Document settings;
  settings.add("electionTimeoutMillis", kElectionMilliseconds).add("heartbeatIntervalMillis", kHeartbeatMilliseconds);
  Document config;
  config.add("_id", kReplicaSetName).add_array("members", list).add("settings", settings);
  const auto reply = run(members.front(), Document().add("replSetInitiate", config));
  if (!reply.failure.empty()) return base::fail(setback_of(reply));
  return {};
}

/// The members of a configuration; empty: it cannot be read.
std::vector<Document> members_of(const Document& config) {
  std::vector<Document> found;
  bson_iter_t at;
  bson_iter_t element;
  if (!bson_iter_init_find(&at, config.bson(), "members") || !bson_iter_recurse(&at, &element)) return {};
  while (bson_iter_next(&element)) {
    auto member = document_at(element);
    if (!member) return {};
    found.push_back(std::move(*member));
  }
  return found;
}

/// Gives the set its new addresses, where they are new.
Step move(const Known& known, const std::vector<Member>& addressed) {
  const auto members = members_of(*known.config);
  bool same = true;
  std::vector<Document> list(addressed.size());
  for (std::size_t i = 0; i < members.size() && i < addressed.size(); ++i) {
    same = same && number(members[i], "_id") == static_cast<std::int64_t>(i);
    bson_copy_to_excluding_noinit(members[i].bson(), list[i].mutable_bson(), "host", nullptr);
    list[i].add("host", addressed[i].address);
  }
  if (!same || members.size() != addressed.size())
    return base::fail(Setback{"the replica set does not have the " + std::to_string(addressed.size()) +
                              " members that ./run --cluster made; start it by hand"});
  for (std::size_t i = 0; i < members.size(); ++i) same = same && text(members[i], "host") == addressed[i].address;
  if (same) return {};
  Document config;
  bson_copy_to_excluding_noinit(known.config->bson(), config.mutable_bson(), "version", "members", nullptr);
  config.add("version", number(*known.config, "version") + 1).add_array("members", list);
  const auto reply = run(*known.member, Document().add("replSetReconfig", config).add("force", true));
  if (!reply.failure.empty()) return base::fail(setback_of(reply));
  return {};
}

/// A lost answer leaves open what the server did, so each try begins with what there is now.
Step configure(const std::vector<Member>& members) {
  const auto known = newest_configuration(members);
  if (!known) return base::fail(known.error());
  return known->config ? move(*known, members) : initiate(members);
}

Outcome configure_until(Clock::time_point deadline, const std::vector<Member>& members) {
  for (;;) {
    const auto done = configure(members);
    if (done) return {};
    if (!done.error().passing || Clock::now() > deadline) return base::fail(done.error().why);
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace

Outcome prepare_replica_set(const ReplicaSetOptions& options) {
  for (const auto& address : options.members)
    if (!is_address(address)) return base::fail(no_address(address));
  mongoc_init();
  mongoc_log_set_handler(nullptr, nullptr);
  const auto deadline = Clock::now() + options.patience;
  std::vector<Member> members;
  for (const auto& address : options.members) members.push_back({address, options.answer_within});
  for (const auto& member : members) {
    const auto answers = [&] { return says(member, "ping", "ok"); };
    if (auto done = wait_until(deadline, member.address + " does not answer", answers); !done) return done;
  }
  if (auto done = configure_until(deadline, members); !done) return done;
  return wait_until(deadline, "no member becomes the primary", [&] {
    for (const auto& member : members)
      if (says(member, "hello", "isWritablePrimary")) return true;
    return false;
  });
}

}  // namespace adapters::mongodb
