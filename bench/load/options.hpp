#pragma once
#include <cstdint>
#include <string>

namespace load {

/// What ends one turn of the closed loop: the sender's ack, or the sender being told that the receiver has stored it.
enum class Completion : std::uint8_t { kAcked, kDelivered };

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string tokens;           // file of `restante seed`
  std::size_t users = 100;      // the first ones of the file; user i writes to i xor 1
  std::size_t outstanding = 1;  // messages of one user in the loop at the same time
  double warmup_seconds = 1;
  double seconds = 5;
  std::size_t text_bytes = 200;
  Completion completion = Completion::kDelivered;
  bool idle = false;             // connect, be drained, hold, report; no messages
  bool drain = false;            // connect, take what is pending, report how long that took
  std::uint64_t expected = 0;    // drain: messages to wait for
  bool batch = false;            // ask for receive_batch
  std::size_t connecting = 256;  // connects under way at the same time
  int server_pid = 0;            // its CPU time and memory are reported too
  double rate = 0;               // open loop: messages a second in all; 0 = closed loop
};

/// Prints the usage and exits on an error.
Options parse_options(int argc, char** argv);

}  // namespace load
