#pragma once
// Server: every part of a running node, in the order in which they need each other. start() builds and listens, drain()
// ends it in the opposite order: nobody new, connections closed so that clients come back by themselves, what is queued
// committed.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/settings.hpp"
#include "base/result.hpp"

namespace app {

/// Why no server starts with these settings, at this address; nullopt: none of what can be known before anything is
/// touched. Changes nothing.
std::optional<std::string> refuse_to_start(const Settings& settings);

class Server {
 public:
  /// The error is one line for the operator; nothing was changed when refuse_to_start() gave it.
  static base::Result<std::unique_ptr<Server>, std::string> start(const Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void drain();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
  std::uint16_t port_ = 0;
};

}  // namespace app
