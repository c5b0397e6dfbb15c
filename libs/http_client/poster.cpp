#include "http_client/poster.hpp"

namespace http_client {

std::string_view to_string(Error error) {
  switch (error) {
    case Error::kUnreachable:
      return "unreachable";
    case Error::kTimeout:
      return "timeout";
    case Error::kUntrusted:
      return "untrusted";
    case Error::kTooLarge:
      return "answer_too_large";
    case Error::kInvalidRequest:
      return "invalid_request";
    case Error::kForbiddenAddress:
      return "forbidden_address";
    case Error::kStopped:
      return "stopped";
  }
  return "";
}

}  // namespace http_client
