#pragma once
// Writing answers (RFC 9112 §4, §6).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace engineio {

struct ReplyHead {
  int status = 200;
  bool http11 = true;
  bool keep_alive = true;
  long keep_alive_seconds = 0;
  std::string_view date;
};

std::string_view status_text(int status);

/// A whole answer. `lines`: finished header lines. Headers whose name or value could break the framing are left out.
/// `head_only`: the body is announced, not written. 204 and 304 announce none.
void append_reply(std::string& out, const ReplyHead& head,
                  const std::vector<std::pair<std::string, std::string>>& headers, std::string_view lines,
                  std::string_view body, bool head_only);

}  // namespace engineio
