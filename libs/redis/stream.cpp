#include "redis/stream.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <type_traits>
#include <utility>

namespace redis {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp::socket;
using Tls = asio::ssl::stream<Tcp>;

template <class Layer>
class AsioStream final : public Stream, public std::enable_shared_from_this<AsioStream<Layer>> {
 public:
  template <class... LayerArguments>
  AsioStream(asio::io_context& io, const Address& address, LayerArguments&&... arguments)
      : address_(address), resolver_(io), layer_(io, std::forward<LayerArguments>(arguments)...) {}

  void connect(Handler done) override {
    resolver_.async_resolve(
        address_.host, std::to_string(address_.port),
        [self = this->shared_from_this(), done = std::move(done)](error_code error, const auto& results) mutable {
          if (error) return done("resolve", 0);
          self->connect_to(results, std::move(done));
        });
  }
  void read(char* to, std::size_t size, Handler done) override {
    layer_.async_read_some(asio::buffer(to, size), wrap("read", std::move(done)));
  }
  void write(std::string_view bytes, Handler done) override {
    asio::async_write(layer_, asio::buffer(bytes.data(), bytes.size()), wrap("write", std::move(done)));
  }
  void close() override {
    resolver_.cancel();
    error_code ignored;
    tcp().close(ignored);
  }
  Layer& layer() { return layer_; }

 private:
  auto wrap(const char* what, Handler done) {
    return [self = this->shared_from_this(), what, done = std::move(done)](error_code error, std::size_t bytes) {
      done(error ? what : nullptr, bytes);
    };
  }
  Tcp& tcp() {
    if constexpr (std::is_same_v<Layer, Tcp>) {
      return layer_;
    } else {
      return layer_.next_layer();
    }
  }
  void connect_to(const asio::ip::tcp::resolver::results_type& results, Handler done) {
    asio::async_connect(
        tcp(), results,
        [self = this->shared_from_this(), done = std::move(done)](error_code error, const auto&) mutable {
          if (error) return done("connect", 0);
          self->connected(std::move(done));
        });
  }
  void connected(Handler done) {
    error_code ignored;
    tcp().set_option(asio::ip::tcp::no_delay(true), ignored);
    if constexpr (std::is_same_v<Layer, Tcp>) {
      done(nullptr, 0);
    } else {
      layer_.async_handshake(asio::ssl::stream_base::client,
                             [self = this->shared_from_this(), done = std::move(done)](error_code error) {
                               done(error ? "tls handshake" : nullptr, 0);
                             });
    }
  }

  const Address address_;
  asio::ip::tcp::resolver resolver_;
  Layer layer_;
};

std::shared_ptr<Stream> make_tls_stream(asio::io_context& io, const Options& options, const Address& address) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code error;
  if (options.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(options.ca_file, error);
  }
  if (error) return nullptr;
  context.set_verify_mode(asio::ssl::verify_peer);
  // The stream's SSL object counts its context's references itself.
  auto stream = std::make_shared<AsioStream<Tls>>(io, address, context);
  const std::string& host = address.host;
  stream->layer().set_verify_callback(asio::ssl::host_name_verification(host));
  asio::ip::make_address(host, error);
  if (error) SSL_set_tlsext_host_name(stream->layer().native_handle(), host.c_str());  // no SNI for addresses
  return stream;
}

}  // namespace

std::shared_ptr<Stream> make_stream(asio::io_context& io, const Options& options, const Address& address) {
  if (options.endpoint.tls) return make_tls_stream(io, options, address);
  return std::make_shared<AsioStream<Tcp>>(io, address);
}

}  // namespace redis
