-- Append each entry once. ARGV: 5 the topic of the tails; then key, data, not_before ('' for none) of each.
-- Returns the epoch, then of each entry {offset, at_ms, digest, 1 if it was there before}, or
-- {0, milliseconds to wait}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f', now)
local offset = redis.call('LLEN', log)
local last = digest_at(offset)

local function duplicate(known)
  local known_at, digest = header(redis.call('LINDEX', log, known - 1))
  return {known, tonumber(known_at), digest, 1}
end

local function append(key, data)
  local digest = string.sub(redis.sha1hex(table.concat({last, at, #key, key, data}, ' ')), 1, 16)
  local record = table.concat({at, ' ', digest, ' ', #key, '\n', key, data})
  offset = redis.call('RPUSH', log, record)
  redis.call('HSET', KEYS[3], key, offset)
  redis.call('SPUBLISH', ARGV[5], table.concat({epoch, ' ', offset, ' ', last, '\n', record}))
  last = digest
  return {offset, now, digest, 0}
end

local reply = {epoch}
for i = 6, #ARGV, 3 do
  local key, data, not_before = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local known = redis.call('HGET', KEYS[3], key)
  if known then
    reply[#reply + 1] = duplicate(tonumber(known))
  elseif not_before ~= '' and now < tonumber(not_before) then
    reply[#reply + 1] = {0, tonumber(not_before) - now}
  else
    reply[#reply + 1] = append(key, data)
  end
end
return reply
