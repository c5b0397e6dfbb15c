#pragma once
#include <string>

#include "app/settings.hpp"
#include "gateway/gateway.hpp"
#include "socketio/engineio/options.hpp"
#include "socketio/server/options.hpp"

namespace app {

/// Why the settings cannot be served as they are; nullopt: they can.
std::optional<std::string> refuse_to_listen(const Settings& settings);
/// Why this address cannot be had, before anything is touched. An exclusive bind that is given up at once: the real one
/// shares the port between shards, which would hide that somebody else listens there.
std::optional<std::string> refuse_to_bind(const std::string& host, std::int64_t port);

/// How many connections a process may take that can open `descriptors` files: `wanted`, or what leaves enough for the
/// store, which cannot go on without its next file.
std::size_t connections_within(std::size_t wanted, std::uint64_t descriptors);
/// Logs when the limit of open files allows fewer connections than the settings.
engineio::ServerOptions engine_options(const Settings& settings);
socketio::ServerOptions socket_options(const Settings& settings);

/// Browsers may connect from the server's own pages (the Host that they asked for) and from the allowed origins.
bool origin_allowed(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed);

}  // namespace app
