#include "options.hpp"

#include <CLI/CLI.hpp>

namespace load {

Options parse_options(int argc, char** argv) {
  Options options;
  std::string completion = "delivered";
  CLI::App app("Load on a Restante server over real Socket.IO connections, from one thread", "load_generator");
  app.add_option("--host", options.host, "server address (loopback)");
  app.add_option("--port", options.port, "server port")->required();
  app.add_option("--tokens", options.tokens, "file written by `restante seed`")->required();
  app.add_option("--users", options.users, "how many of them")->check(CLI::Range(1, 1'000'000));
  app.add_option("--outstanding", options.outstanding, "messages of one user under way")->check(CLI::Range(1, 1024));
  app.add_option("--warmup", options.warmup_seconds, "seconds that are not counted");
  app.add_option("--seconds", options.seconds, "seconds that are counted");
  app.add_option("--text-bytes", options.text_bytes, "length of a text")->check(CLI::Range(24, 8192));
  app.add_option("--complete", completion, "what ends a turn")->check(CLI::IsMember({"acked", "delivered"}));
  app.add_flag("--idle", options.idle, "hold idle sessions, report memory");
  app.add_flag("--drain", options.drain, "take what is pending, report the time");
  app.add_option("--expected", options.expected, "drain: messages to wait for");
  app.add_flag("--batch", options.batch, "ask for batched delivery");
  app.add_option("--connecting", options.connecting, "connects under way at the same time");
  app.add_option("--server-pid", options.server_pid, "report this process's CPU time and memory");
  app.add_option("--rate", options.rate, "open loop: messages a second, all users together");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  options.completion = completion == "acked" ? Completion::kAcked : Completion::kDelivered;
  return options;
}

}  // namespace load
