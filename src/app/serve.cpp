#include <cstdio>
#include <iostream>

#include "app/commands.hpp"
#include "app/server.hpp"
#include "app/signals.hpp"
#include "base/log.hpp"

namespace app {
namespace {

base::log::Level level_of(const std::string& name) {
  if (name == "debug") return base::log::Level::kDebug;
  if (name == "warning") return base::log::Level::kWarning;
  return name == "error" ? base::log::Level::kError : base::log::Level::kInfo;
}

std::string url_of(const Settings& settings, std::uint16_t port) {
  const auto& host = settings.server.host;
  const bool v6 = host.find(':') != std::string::npos;
  return std::string(settings.tls.certificate.empty() ? "http://" : "https://") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

}  // namespace

int serve(const Settings& settings) {
  prepare_process();
  base::log::configure(level_of(settings.log.level),
                       settings.log.format == "json" ? base::log::Format::kJson : base::log::Format::kText);
  const auto server = Server::start(settings);
  if (!server) return complain(server.error());
  std::cout << "listening on " << url_of(settings, (*server)->port()) << std::endl;
  if (!std::cout) {
    // A full disk, or nobody reads: the server is there all the same, and whether it ends well is another matter.
    complain("standard output cannot be written");
    if (std::freopen("/dev/null", "w", stdout) != nullptr) std::cout.clear();
  }
  const int signal = wait_for_stop();
  base::log::debug("draining", {{"signal", signal}});
  (*server)->drain();
  return 0;
}

}  // namespace app
