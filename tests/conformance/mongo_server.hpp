#pragma once
// Real MongoDB servers for tests: a replica set on free loopback ports in a directory of its own. Every server ends
// with this process, whatever ends it.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/temporary_directory_testing.hpp"

namespace conformance {

class MongoServers {
 public:
  /// Why there are none, as the reason of a skipped test; nullopt: there are.
  static std::optional<std::string> missing();
  /// One member, shared by the tests of this process; RESTANTE_MONGODB_URI names one that runs already.
  static const std::string& shared_uri();
  /// Why tests that kill servers cannot run.
  static std::optional<std::string> program_missing();

  explicit MongoServers(int members);
  ~MongoServers();
  MongoServers(const MongoServers&) = delete;
  MongoServers& operator=(const MongoServers&) = delete;

  [[nodiscard]] const std::string& uri() const { return uri_; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  /// Index of the member that takes writes; waits for one.
  std::size_t primary();
  void kill(std::size_t member);    // SIGKILL, as a crash
  void start(std::size_t member);   // on the data that it had
  void freeze(std::size_t member);  // SIGSTOP: neither answers nor closes
  void resume(std::size_t member);
  void step_down();
  /// Runs a command (relaxed extended JSON) on the member's database "admin"; false: it failed.
  bool command(std::size_t member, const std::string& json);

 private:
  struct Member {
    int port = 0;
    pid_t process = 0;
  };
  /// No power is cut here: where there is a file system in memory, the many journal writes cost nothing.
  static std::filesystem::path memory_or_disk();
  bool is_primary(const Member& member) const;
  void wait_until_it_answers(std::size_t member);

  base::TemporaryDirectory directory_{memory_or_disk()};
  std::vector<Member> members_;
  std::string uri_;
};

}  // namespace conformance
