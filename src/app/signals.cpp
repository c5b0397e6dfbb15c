#include "app/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

namespace app {
namespace {

bool is_ignored(int number) {
  struct sigaction action{};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (!is_ignored(SIGHUP)) sigaddset(&set, SIGHUP);  // nohup: outlive the terminal
  return set;
}

}  // namespace

void prepare_process() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // inherited by every thread that starts later
  signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

int wait_for_stop() {
  const sigset_t set = stop_signals();
  int number = 0;
  sigwait(&set, &number);
  return number;
}

}  // namespace app
