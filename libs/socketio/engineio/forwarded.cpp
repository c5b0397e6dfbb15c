#include "socketio/engineio/forwarded.hpp"

namespace engineio {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Sender sender_of(const ServerContext& context, const PeerAddress& peer, bool tls, const RequestHead& head) {
  Sender out{peer.text(), tls, peer.is_loopback() || context.is_trusted(peer)};
  if (!context.is_trusted(peer)) return out;
  out.secure = tls || head.header("x-forwarded-proto") == "https";
  std::string list;
  for (const auto& [name, value] : head.headers) {
    if (name != "x-forwarded-for") continue;
    if (!list.empty()) list += ',';
    list += value;
  }
  std::string_view rest = list;
  while (!rest.empty()) {
    const auto comma = rest.rfind(',');
    const auto entry = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    const auto address = PeerAddress::parse(entry);
    if (!address) break;  // what stands left of rubbish was written by a stranger
    out.address = address->text();
    out.trusted = false;
    if (!context.is_trusted(*address)) break;
  }
  return out;
}

}  // namespace engineio
