#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "app/command_line.hpp"
#include "app/commands.hpp"

namespace {

/// The MongoDB driver makes /dev/shm/mongoc-<process> for its statistics when the program is loaded, used or not. A
/// killed process would leave the file behind, and a later one of the same number complain about it on standard error.
void unlink_driver_counters() {
  ::shm_unlink(("/mongoc-" + std::to_string(::getpid())).c_str());
}

/// The next file that is opened takes the lowest free number: a log line for standard error went into the store.
void open_closed_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(descriptor, F_GETFD) < 0) ::open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY);
}

/// Nobody got what a command said, and the exit status is all that a script looks at.
int status_after_output(int status) {
  const bool written = std::cout.flush().good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  return written ? status : app::complain("standard output cannot be written", std::max(status, 1));
}

}  // namespace

int main(int argc, char** argv) {
  open_closed_standard_descriptors();
  ::umask(S_IRWXG | S_IRWXO);  // the store names people, the token file holds tokens: nobody else's business
  unlink_driver_counters();
  return status_after_output(app::run_command_line(argc, argv));
}
