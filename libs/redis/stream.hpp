#pragma once
// Stream: one TCP or TLS connection to a server. Internal; shard thread only. Handlers hold what they need by
// shared_ptr; after close() they come with an error.

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "redis/options.hpp"

namespace boost::asio {
class io_context;
}

namespace redis {

class Stream {
 public:
  /// `bytes` is 0 when connected; `failure` is null on success, else what happened, for the log.
  using Handler = std::function<void(const char* failure, std::size_t bytes)>;
  virtual ~Stream() = default;
  virtual void connect(Handler done) = 0;
  /// At least one byte; one read at a time.
  virtual void read(char* to, std::size_t size, Handler done) = 0;
  /// All of it; one write at a time.
  virtual void write(std::string_view bytes, Handler done) = 0;
  virtual void close() = 0;
};

/// To `address`, with or without TLS as the options say. Null: the TLS settings (ca_file) cannot be used.
std::shared_ptr<Stream> make_stream(boost::asio::io_context& io, const Options& options, const Address& address);

}  // namespace redis
