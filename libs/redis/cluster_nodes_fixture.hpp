#pragma once
// Servers that answer each command as the test tells them to, on a thread of their own.

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "redis/resp.hpp"

namespace redis::testing {

inline std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

class ClusterNodes {
 public:
  /// `line` is the command, its words joined by spaces -> the answer; empty: none.
  using Answer = std::function<std::string(const std::string& line)>;

  /// Nodes that answer what every node answers, and "+OK" to the rest.
  explicit ClusterNodes(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) nodes_.push_back(std::make_unique<Node>(io_));
    for (std::size_t i = 0; i < count; ++i) accept(i);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ClusterNodes() {
    io_.stop();
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port(std::size_t node) const { return nodes_[node]->port; }
  /// Instead of "+OK"; an empty function: "+OK" again.
  void answer(std::size_t node, Answer answer) {
    const std::lock_guard lock(mutex_);
    nodes_[node]->answer = std::move(answer);
  }
  /// What every node says to CLUSTER SLOTS: the first slot of each range, and who has it up to the next.
  void slots(const std::vector<std::pair<int, std::size_t>>& firsts) {
    std::string text = "*" + std::to_string(firsts.size()) + "\r\n";
    for (std::size_t i = 0; i < firsts.size(); ++i) {
      const int last = i + 1 < firsts.size() ? firsts[i + 1].first - 1 : 16'383;
      text += "*3\r\n:" + std::to_string(firsts[i].first) + "\r\n:" + std::to_string(last) +
              "\r\n*2\r\n$0\r\n\r\n:" + std::to_string(port(firsts[i].second)) + "\r\n";
    }
    const std::lock_guard lock(mutex_);
    slots_ = std::move(text);
  }
  /// Every command that this node was told, without greetings and questions for the map.
  std::vector<std::string> heard(std::size_t node) {
    const std::lock_guard lock(mutex_);
    return nodes_[node]->heard;
  }
  int maps_asked() {
    const std::lock_guard lock(mutex_);
    return maps_asked_;
  }
  /// Takes no connection any more, and ends those there are.
  void kill(std::size_t node) {
    on_thread([&] {
      nodes_[node]->acceptor.close();
      for (auto& peer : std::exchange(nodes_[node]->peers, {})) peer->socket.close();
    });
  }
  /// Ends its connections, and takes new ones.
  void cut(std::size_t node) {
    on_thread([&] {
      for (auto& peer : std::exchange(nodes_[node]->peers, {})) peer->socket.close();
    });
  }

 private:
  using Tcp = boost::asio::ip::tcp;
  struct Peer {
    explicit Peer(Tcp::socket connected) : socket(std::move(connected)) {}
    Tcp::socket socket;
    Parser parser;
    std::array<char, 4096> bytes{};
  };
  struct Node {
    explicit Node(boost::asio::io_context& io)
        : acceptor(io, {boost::asio::ip::address_v4::loopback(), 0}), port(acceptor.local_endpoint().port()) {}
    Tcp::acceptor acceptor;
    std::uint16_t port;
    std::vector<std::shared_ptr<Peer>> peers;
    Answer answer;                   // guarded
    std::vector<std::string> heard;  // guarded
  };

  template <class Work>
  void on_thread(Work work) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }
  void accept(std::size_t node) {
    nodes_[node]->acceptor.async_accept([this, node](const boost::system::error_code& error, Tcp::socket socket) {
      if (error) return;
      nodes_[node]->peers.push_back(std::make_shared<Peer>(std::move(socket)));
      read(node, nodes_[node]->peers.back());
      accept(node);
    });
  }
  void read(std::size_t node, const std::shared_ptr<Peer>& peer) {
    peer->socket.async_read_some(
        boost::asio::buffer(peer->bytes), [this, node, peer](const boost::system::error_code& error, std::size_t size) {
          if (error) return;
          peer->parser.feed({peer->bytes.data(), size});
          for (auto command = peer->parser.next(); command.ok() && *command; command = peer->parser.next()) {
            boost::system::error_code ignored;
            boost::asio::write(peer->socket, boost::asio::buffer(reply_to(node, **command)), ignored);
          }
          read(node, peer);
        });
  }
  std::string reply_to(std::size_t node, const Reply& command) {
    std::string line;
    for (const auto& word : command.elements) line += (line.empty() ? "" : " ") + word.text;
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      if (line == "SELECT 0") return "+OK\r\n";
      if (line == "CLUSTER INFO") return bulk("cluster_state:ok\r\n");
      if (line == "CLUSTER SLOTS") {
        ++maps_asked_;
        return slots_;
      }
      nodes_[node]->heard.push_back(line);
      answer = nodes_[node]->answer;
    }
    return answer ? answer(line) : "+OK\r\n";
  }

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::mutex mutex_;
  std::string slots_ = "*0\r\n";  // guarded
  int maps_asked_ = 0;            // guarded
  std::thread thread_;
};

}  // namespace redis::testing
