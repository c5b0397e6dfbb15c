#pragma once
// A program that serves for as long as a test wants it to, and ends with this process, whatever ends that. Tests only.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/random_port_testing.hpp"

namespace adapters::redis {

using base::random_port;

/// Asks until the answer is yes. False: not within a time that only a broken program takes.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class ServerProcess {
 public:
  ServerProcess() = default;
  ~ServerProcess() { kill(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// `command`: the program and its arguments.
  void start(const std::vector<std::string>& command) {
    std::vector<char*> words;
    words.reserve(command.size() + 1);
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const int null = ::open("/dev/null", O_RDWR);
    for (const int stream : {0, 1, 2}) ::dup2(null, stream);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  [[nodiscard]] bool running() const { return process_ != 0; }
  /// It has ended by itself, and is no longer there.
  bool has_ended() {
    if (process_ == 0 || ::waitpid(process_, nullptr, WNOHANG) != process_) return process_ == 0;
    process_ = 0;
    return true;
  }
  void kill() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  void freeze() { ::kill(process_, SIGSTOP); }  // neither answers nor closes
  void resume() { ::kill(process_, SIGCONT); }

 private:
  pid_t process_ = 0;
};

}  // namespace adapters::redis
