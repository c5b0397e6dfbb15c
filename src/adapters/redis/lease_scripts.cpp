#include "adapters/redis/lease_scripts.hpp"

namespace adapters::redis {

namespace {

// A string under this name was written by an application of the founding schema that has retired: it knows nothing of
// leases. The key as a whole lives as long as its last lease. A field is <node>:<connection>/<device>; nodes of an
// earlier version leave the device out, and read nothing but a number as a lease: so the device is in the name.
constexpr std::string_view kWriteText = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local prefix, lease_end = ARGV[1], now + ARGV[2]
local held, latest = {}, 0
for i = 3, #ARGV do held[ARGV[i]] = true end
if redis.call('TYPE', KEYS[1]).ok == 'string' then redis.call('DEL', KEYS[1]) end
local rows = redis.call('HGETALL', KEYS[1])
for i = 1, #rows, 2 do
  local field, ends = rows[i], tonumber(rows[i + 1]) or 0
  local rest = string.sub(field, 1, #prefix) == prefix and string.sub(field, #prefix + 1) or ''
  local own = string.find(rest, '^%d+$') or string.find(rest, '^%d+/[%w._-]+$')
  if ends <= now or (own and not held[field]) then
    redis.call('HDEL', KEYS[1], field)
  elseif ends > latest then
    latest = ends
  end
end
for field in pairs(held) do
  redis.call('HSET', KEYS[1], field, string.format('%.0f', lease_end))
  if lease_end > latest then latest = lease_end end
end
if latest > 0 then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', latest)) end
return 1
)lua";

constexpr std::string_view kLookUpText = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, ends in ipairs(redis.call('HVALS', KEYS[1])) do
  if (tonumber(ends) or 0) > now then return 1 end
end
return 0
)lua";

constexpr std::string_view kLookUpDevicesText = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rows, devices = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #rows, 2 do
  local device = string.match(rows[i], ':%d+/([%w._-]+)$')
  if device and (tonumber(rows[i + 1]) or 0) > now then devices[#devices + 1] = device end
end
return devices
)lua";

constexpr std::string_view kMarkText = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kind, mark, since = redis.call('TYPE', KEYS[1]).ok, false, false
if kind == 'hash' then mark, since = unpack(redis.call('HMGET', KEYS[1], 'mark', 'since')) end
since = tonumber(since or '')
if not (mark and since) then
  if ARGV[1] == '' then return {'', 0} end
  if kind ~= 'hash' then redis.call('DEL', KEYS[1]) end
  mark, since = ARGV[1], now
  redis.call('HSET', KEYS[1], 'mark', mark, 'since', string.format('%.0f', since))
elseif ARGV[2] == '1' then
  since = now
  redis.call('HSET', KEYS[1], 'since', string.format('%.0f', since))
end
return {mark, now - since}
)lua";

}  // namespace

std::string_view text_of(Script script) {
  switch (script) {
    case Script::kWrite:
      return kWriteText;
    case Script::kLookUp:
      return kLookUpText;
    case Script::kLookUpDevices:
      return kLookUpDevicesText;
    case Script::kMark:
      return kMarkText;
  }
  return {};
}

}  // namespace adapters::redis
