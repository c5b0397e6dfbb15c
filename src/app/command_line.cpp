#include "app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "app/commands.hpp"
#include "base/read_number.hpp"

extern char** environ;

namespace app {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr std::uint64_t kMostUsers = 10'000'000;

struct Arguments {
  std::string config;
  std::vector<std::string> sets;
  std::string host;
  std::string port;
  std::string data;
  bool insecure_plaintext = false;
  std::string users;
  std::string friends = "pairs";
  std::string push_user;
  std::string message;
  std::vector<std::string> keys;
  std::vector<std::string> members;
  SeedOptions seed;
};

/// An empty text, as an unset variable of a script gives it, means some other thing than the default.
CLI::Validator not_empty() {
  return CLI::Validator([](const std::string& text) { return std::string(text.empty() ? "is empty" : ""); }, "");
}

void add_common(CLI::App& command, Arguments& arguments) {
  command.add_option("--config", arguments.config, "TOML file")->check(not_empty());
  command.add_option("--set", arguments.sets, "section.key=value; may be repeated")->allow_extra_args(false);
  command.add_option("--data", arguments.data, "data directory (storage.path)")->check(not_empty());
}

void add_address(CLI::App& command, Arguments& arguments) {
  command.add_option("--host", arguments.host, "address to listen on")->check(not_empty());
  command.add_option("--port", arguments.port, "TCP port; 0 lets the system choose")->check(not_empty());
  command.add_flag("--insecure-plaintext", arguments.insecure_plaintext, "allow HTTP on a non-loopback address");
}

CLI::App* add_seed(CLI::App& root, Arguments& arguments) {
  auto* command = root.add_subcommand("seed", "make test accounts in an empty data directory");
  add_common(*command, arguments);
  command->add_option("--users", arguments.users, "how many")->required();
  command->add_option("--friends", arguments.friends, "pairs, or K neighbours each");
  command->add_option("--tokens", arguments.seed.tokens_file, "where to write one JSON line a user")->required();
  return command;
}

CLI::App* add_check(CLI::App& root, Arguments& arguments) {
  auto* command =
      root.add_subcommand("check", "say whether a server would start with these settings, as far as can be seen");
  command->footer(
      "Looks at the settings, the address, the data directory and the files that they name, and changes nothing. Not "
      "looked at:\nwhether another server has the data directory, what is in the store and whether the keys are its "
      "own, and whether\nMongoDB, Redis and push services answer.");
  add_common(*command, arguments);
  add_address(*command, arguments);
  command->add_option("--print", arguments.keys, "a key whose value to print; may be repeated")
      ->allow_extra_args(false);
  return command;
}

CLI::App* add_replica_set(CLI::App& root, Arguments& arguments) {
  auto* command = root.add_subcommand("replica-set", "make a replica set of MongoDB servers on this machine");
  command->add_option("members", arguments.members, "HOST:PORT of each")->required();
  return command;
}

base::Result<Settings, SettingsError> load(const Arguments& arguments) {
  Settings settings;
  if (!arguments.config.empty())
    if (auto done = load_toml(settings, arguments.config); !done) return base::fail(done.error());
  if (auto done = load_environment(settings, environ); !done) return base::fail(done.error());
  for (const auto& assignment : arguments.sets)
    if (auto done = assign(settings, assignment); !done) return base::fail(done.error());
  // The short options are assignments too; they come last because they were typed for this run.
  const auto set = [&](const std::string& assignment) { return assign(settings, assignment); };
  if (!arguments.host.empty())
    if (auto done = set("server.host=" + arguments.host); !done) return base::fail(done.error());
  if (!arguments.port.empty())
    if (auto done = set("server.port=" + arguments.port); !done) return base::fail("--port: " + done.error());
  if (!arguments.data.empty()) settings.storage.path = arguments.data;
  if (arguments.insecure_plaintext) settings.server.insecure_plaintext = true;
  return settings;
}

/// In decimals, as `--set` takes numbers: CLI11 would read 010 as 8.
base::Result<void, std::string> parse_seed(Arguments& arguments) {
  auto& seed = arguments.seed;
  if (!base::read_number(arguments.users, seed.users) || seed.users == 0 || seed.users > kMostUsers)
    return base::fail("--users takes a number from 1 to " + std::to_string(kMostUsers) + ", not \"" + arguments.users +
                      "\"");
  if (arguments.friends == "pairs") return {};
  if (base::read_number(arguments.friends, seed.friends) && seed.friends > 0) return {};
  return base::fail(std::string("--friends takes \"pairs\" or a number of neighbours, not \"") + arguments.friends +
                    "\"");
}

}  // namespace

int run_command_line(int argc, char** argv) {
  Arguments arguments;
  CLI::App root("Restante: chat that never loses a message", "restante");
  root.require_subcommand(0, 1);  // a missing one is ours to name: an unknown option is the more useful complaint
  root.set_version_flag("--version", std::string("restante ") + RESTANTE_VERSION);
  auto* serve_command = root.add_subcommand("serve", "run the server in the foreground");
  add_common(*serve_command, arguments);
  add_address(*serve_command, arguments);
  auto* seed_command = add_seed(root, arguments);
  auto* epoch_command = root.add_subcommand("epoch", "epochs of the store");
  epoch_command->require_subcommand(1);
  auto* epoch_new = epoch_command->add_subcommand("new", "start a new epoch, after a restore from backup");
  add_common(*epoch_new, arguments);
  auto* keys_command = root.add_subcommand("keys", "encryption and signing keys");
  keys_command->require_subcommand(1);
  auto* keys_rotate = keys_command->add_subcommand("rotate", "add fresh keys (the server must be stopped)");
  add_common(*keys_rotate, arguments);
  auto* push_command = root.add_subcommand("push", "pushes to devices");
  push_command->require_subcommand(1);
  auto* push_test_command = push_command->add_subcommand("test", "push to a user's devices, and say which hop fails");
  add_common(*push_test_command, arguments);
  push_test_command->add_option("user", arguments.push_user, "user name")->required();
  auto* why_command = root.add_subcommand("why", "say where a message is and what it waits for");
  add_common(*why_command, arguments);
  why_command->add_option("message", arguments.message, "message id")->required();
  auto* check_command = add_check(root, arguments);
  auto* replica_set_command = add_replica_set(root, arguments);
  auto* settings_command = root.add_subcommand("settings", "print every setting, as in docs/configuration.md");

  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return root.exit(success);
  } catch (const CLI::ParseError& error) {
    return complain(error.what(), kWrongUsage);
  }
  if (root.get_subcommands().empty())
    return complain("a command is missing: serve, seed, why, push, epoch, keys, check or settings (restante --help)",
                    kWrongUsage);
  if (settings_command->parsed()) {
    std::cout << describe_settings();
    return 0;
  }
  if (replica_set_command->parsed()) return prepare_replica_set(arguments.members);
  const auto settings = load(arguments);
  if (!settings) return complain(settings.error(), kWrongUsage);
  if (serve_command->parsed()) return serve(*settings);
  if (check_command->parsed()) return check(*settings, arguments.keys);
  if (epoch_new->parsed()) return new_epoch(*settings);
  if (keys_rotate->parsed()) return rotate_keys(*settings);
  if (push_test_command->parsed()) return push_test(*settings, arguments.push_user);
  if (why_command->parsed()) return why(*settings, arguments.message);
  if (auto numbers = parse_seed(arguments); !numbers) return complain(numbers.error(), kWrongUsage);
  return seed_command->parsed() ? seed(*settings, arguments.seed) : kFailed;
}

}  // namespace app
