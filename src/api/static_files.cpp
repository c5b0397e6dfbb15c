#include "api/static_files.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/hex.hpp"

namespace api {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t kMaxBytes = 16 * 1024 * 1024;

/// FNV-1a: tells versions of a file apart; nobody gains by a collision of the operator's own files.
std::string etag_of(std::string_view content) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return '"' + base::to_hex({reinterpret_cast<const char*>(&hash), sizeof hash}) + '"';
}

bool is_hidden(const fs::path& relative) {
  for (const auto& part : relative) {
    if (part.native().starts_with('.')) return true;
  }
  return false;
}

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string_view content_type(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
  };
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

StaticFiles::StaticFiles(const std::string& root) {
  std::error_code error;
  if (root.empty() || !fs::is_directory(root, error)) return;
  std::uintmax_t bytes = 0;
  for (auto at = fs::recursive_directory_iterator(root, error); !error && at != fs::recursive_directory_iterator();
       at.increment(error)) {
    const auto relative = at->path().lexically_relative(root);
    // Links are not followed: what is served lies in the directory itself.
    if (at->is_symlink(error) || !at->is_regular_file(error) || is_hidden(relative)) continue;
    bytes += at->file_size(error);
    if (error || bytes > kMaxBytes) break;
    StaticFile file;
    file.content = read_all(at->path());
    file.type = content_type(relative.native());
    file.etag = etag_of(file.content);
    files_.emplace("/" + relative.generic_string(), std::move(file));
  }
}

const StaticFile* StaticFiles::find(std::string_view path) const {
  const auto found = files_.find(path == "/" ? std::string_view("/index.html") : path);
  return found == files_.end() ? nullptr : &found->second;
}

}  // namespace api
