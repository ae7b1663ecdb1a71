-- Append each entry once. KEYS: 5 the clock. ARGV: 5 the topic of the tails, 6 how many replicas WAIT will ask
-- for; then key, data, not_before and not_after ('' for none) of each.
-- Returns the epoch, then of each entry {offset, at_ms, digest, 1 if it was there before}, or
-- {0, milliseconds to wait}, or {-1, milliseconds that it is too late}.
-- Nothing may be written by halves: a right that is missing shows before the first write.
if not redis.acl_check_cmd('RPUSH', log, '') or not redis.acl_check_cmd('HSET', KEYS[3], '', '') then
  return redis.error_reply("NOPERM no right to run the 'rpush|hset' command")
end

local time = redis.call('TIME')
local correction = tonumber(redis.call('HGET', KEYS[5], 'correction') or 0)
local now = time[1] * 1000 + math.floor(time[2] / 1000) + correction
local at = string.format('%.0f', now)
local offset = redis.call('LLEN', log)
local last = digest_at(offset)
local found, written = false, false

local function duplicate(known)
  local known_at, digest = header(redis.call('LINDEX', log, known - 1))
  found = true
  return {known, tonumber(known_at), digest, 1}
end

-- The message is pcalled: the entry is written by then, and tails look at the log anyway.
local function append(key, data)
  local digest = string.sub(redis.sha1hex(table.concat({last, at, #key, key, data}, ' ')), 1, 16)
  local record = table.concat({at, ' ', digest, ' ', #key, '\n', key, data})
  offset = redis.call('RPUSH', log, record)
  redis.call('HSET', KEYS[3], key, offset)
  redis.pcall('SPUBLISH', ARGV[5], table.concat({epoch, ' ', offset, ' ', last, '\n', record}))
  last = digest
  written = true
  return {offset, now, digest, 0}
end

local reply = {epoch}
for i = 7, #ARGV, 4 do
  local key, data, not_before, not_after = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local known = redis.call('HGET', KEYS[3], key)
  if known then
    reply[#reply + 1] = duplicate(tonumber(known))
  elseif not_before ~= '' and now < tonumber(not_before) then
    reply[#reply + 1] = {0, tonumber(not_before) - now}
  elseif not_after ~= '' and now > tonumber(not_after) then
    reply[#reply + 1] = {-1, now - tonumber(not_after)}
  else
    reply[#reply + 1] = append(key, data)
  end
end
-- WAIT is about its connection's last write, which may be an old one, or none. So something is written
-- after what was found, though nothing changes by it: then WAIT is about that as well.
if found and not written and ARGV[6] ~= '0' then
  redis.call('SET', KEYS[2], epoch)
end
return reply
