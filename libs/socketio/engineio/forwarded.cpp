#include "socketio/engineio/forwarded.hpp"

#include "base/trimmed.hpp"

namespace engineio {

Sender sender_of(const ServerContext& context, const PeerAddress& peer, bool tls, const RequestHead& head) {
  Sender out{peer.text(), tls, peer.is_loopback() || context.is_trusted(peer)};
  if (!context.is_trusted(peer)) return out;
  out.secure = tls || head.header("x-forwarded-proto") == "https";
  std::string list;
  for (const auto& [name, value] : head.headers) {
    if (name != "x-forwarded-for") continue;
    if (!list.empty()) list += ',';
    list += value;
    out.trusted = false;  // it speaks for somebody, even if it does not say for whom
  }
  std::string_view rest = list;
  while (!rest.empty()) {
    const auto comma = rest.rfind(',');
    const auto entry = base::trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    const auto address = PeerAddress::parse(entry);
    if (!address) break;  // what stands left of rubbish was written by a stranger
    out.address = address->text();
    if (!context.is_trusted(*address)) break;
  }
  return out;
}

}  // namespace engineio
