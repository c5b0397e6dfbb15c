#include "mongo_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <mongoc/mongoc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "base/random_port_testing.hpp"

namespace conformance {

namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// RESTANTE_MONGOD, or the first mongod in PATH; empty: none.
std::string find_program() {
  if (auto named = environment("RESTANTE_MONGOD"); !named.empty()) return named;
  std::istringstream path(environment("PATH"));
  for (std::string folder; std::getline(path, folder, ':');) {
    const auto program = folder + "/mongod";
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return {};
}

bool is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

/// Free at this moment; the server binds it next.
int free_port() {
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    if (const auto port = base::random_port(); is_free(port)) return port;
  }
  throw std::runtime_error("no free port");
}

struct ClientDeleter {
  void operator()(mongoc_client_t* client) const { mongoc_client_destroy(client); }
};
using Client = std::unique_ptr<mongoc_client_t, ClientDeleter>;

/// Straight to one member, whatever its state.
Client direct(int port) {
  mongoc_init();
  mongoc_log_set_handler(nullptr, nullptr);
  const auto uri = "mongodb://127.0.0.1:" + std::to_string(port) +
                   "/?directConnection=true&serverSelectionTimeoutMS=1000&connectTimeoutMS=1000&socketTimeoutMS=20000";
  return Client(mongoc_client_new(uri.c_str()));
}

bool run(mongoc_client_t* client, const std::string& json, bson_t* reply) {
  bson_error_t error;
  bson_t* const command =
      bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()), static_cast<ssize_t>(json.size()), &error);
  if (command == nullptr) throw std::runtime_error(error.message);
  const bool done = mongoc_client_command_simple(client, "admin", command, nullptr, reply, &error);
  bson_destroy(command);
  return done;
}

void wait_for(const char* what, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);  // a loaded machine, not a limit
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(std::string("MongoDB: ") + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

std::filesystem::path MongoServers::memory_or_disk() {
  constexpr std::uintmax_t kEnough = 4ull << 30;  // three members with their journals and oplogs
  const std::filesystem::path memory = "/dev/shm";
  std::error_code error;
  const auto space = std::filesystem::space(memory, error);
  const bool usable = !error && space.available >= kEnough && ::access(memory.c_str(), W_OK) == 0;
  return usable ? memory : std::filesystem::temp_directory_path();
}

std::optional<std::string> MongoServers::program_missing() {
  if (!find_program().empty()) return std::nullopt;
  return "no MongoDB server: set RESTANTE_MONGOD to what tools/mongodb_server prints";
}

std::optional<std::string> MongoServers::missing() {
  if (!environment("RESTANTE_MONGODB_URI").empty()) return std::nullopt;
  return program_missing();
}

const std::string& MongoServers::shared_uri() {
  static const std::string named = environment("RESTANTE_MONGODB_URI");
  if (!named.empty()) return named;
  static const MongoServers servers(1);
  return servers.uri();
}

MongoServers::MongoServers(int members) : members_(static_cast<std::size_t>(members)) {
  std::string hosts;
  std::string list;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i].port = free_port();
    std::filesystem::create_directories(directory_.file(std::to_string(i)));
    start(i);
    const auto host = "127.0.0.1:" + std::to_string(members_[i].port);
    hosts += (i == 0 ? "" : ",") + host;
    list += std::string(i == 0 ? "" : ",") + R"({"_id":)" + std::to_string(i) + R"(,"host":")" + host + R"("})";
  }
  uri_ = "mongodb://" + hosts + "/?replicaSet=restante&heartbeatFrequencyMS=500";
  const auto client = direct(members_[0].port);
  const std::string initiate = R"({"replSetInitiate":{"_id":"restante","members":[)" + list +
                               R"(],"settings":{"electionTimeoutMillis":1000,"heartbeatIntervalMillis":500}}})";
  bson_t reply;
  const bool initiated = run(client.get(), initiate, &reply);
  bson_destroy(&reply);
  if (!initiated) throw std::runtime_error("MongoDB: the replica set could not be initiated");
  primary();
}

MongoServers::~MongoServers() {
  for (std::size_t i = 0; i < members_.size(); ++i) kill(i);
}

void MongoServers::start(std::size_t index) {
  auto& member = members_[index];
  const auto program = find_program();
  const auto path = directory_.file(std::to_string(index));
  const std::vector<std::string> words = {program,
                                          "--replSet",
                                          "restante",
                                          "--port",
                                          std::to_string(member.port),
                                          "--bind_ip",
                                          "127.0.0.1",
                                          "--dbpath",
                                          path,
                                          "--wiredTigerCacheSizeGB",
                                          "0.25",
                                          "--nounixsocket",
                                          "--quiet",
                                          "--oplogSize",
                                          "128",
                                          "--setParameter",
                                          "enableTestCommands=1",
                                          "--setParameter",
                                          "diagnosticDataCollectionEnabled=false"};
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto log = path + "/log";
  const pid_t parent = ::getpid();
  member.process = ::fork();
  if (member.process == 0) {
    // A crashed or killed test program takes its servers along.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  wait_until_it_answers(index);
}

void MongoServers::wait_until_it_answers(std::size_t index) {
  const auto& member = members_[index];
  const auto client = direct(member.port);
  wait_for("a server does not start", [&] {
    bson_t reply;
    const bool answered = run(client.get(), R"({"ping":1})", &reply);
    bson_destroy(&reply);
    if (answered) return true;
    int status = 0;
    if (::waitpid(member.process, &status, WNOHANG) == member.process) throw std::runtime_error("mongod ended at once");
    return false;
  });
}

bool MongoServers::is_primary(const Member& member) const {
  if (member.process == 0) return false;
  const auto client = direct(member.port);
  bson_t reply;
  bool primary = false;
  if (run(client.get(), R"({"hello":1})", &reply)) {
    bson_iter_t at;
    primary = bson_iter_init_find(&at, &reply, "isWritablePrimary") && bson_iter_as_bool(&at);
  }
  bson_destroy(&reply);
  return primary;
}

std::size_t MongoServers::primary() {
  std::size_t found = 0;
  wait_for("no primary", [&] {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (!is_primary(members_[i])) continue;
      found = i;
      return true;
    }
    return false;
  });
  return found;
}

void MongoServers::kill(std::size_t index) {
  auto& member = members_[index];
  if (member.process == 0) return;
  ::kill(member.process, SIGKILL);
  ::waitpid(member.process, nullptr, 0);
  member.process = 0;
}

void MongoServers::freeze(std::size_t index) {
  ::kill(members_[index].process, SIGSTOP);
}
void MongoServers::resume(std::size_t index) {
  ::kill(members_[index].process, SIGCONT);
}

void MongoServers::step_down() {
  command(primary(), R"({"replSetStepDown":5,"secondaryCatchUpPeriodSecs":2,"force":true})");
}

bool MongoServers::command(std::size_t member, const std::string& json) {
  const auto client = direct(members_[member].port);
  bson_t reply;
  const bool done = run(client.get(), json, &reply);
  bson_destroy(&reply);
  return done;
}

}  // namespace conformance
