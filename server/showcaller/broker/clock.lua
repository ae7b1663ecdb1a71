-- Server time: this server's clock and a correction, which makes up for the steps of that clock.
-- KEYS: 1 the clock. ARGV: 1 how much is a step; then, to settle a reading (else ''): 2 by how much to move
-- server time, 3 the correction as it was then.
-- Returns {now, correction} and, if that tells of a step or of a pause, how long nobody had read it.
local time = redis.call('TIME')
local own = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HMGET', KEYS[1], 'correction', 'read')
local correction = tonumber(known[1] or 0)
local now = own + correction
local unread = now - tonumber(known[2] or 0)

if ARGV[2] ~= '' and tonumber(ARGV[3]) == correction then
  correction = correction + tonumber(ARGV[2])
  now = own + correction
  unread = 0
end
-- What nobody has settled stays as it was found, for those who can.
if unread < 0 or unread > tonumber(ARGV[1]) then
  return {now, correction, unread}
end
local stored = string.format('%.0f', correction)
redis.call('HSET', KEYS[1], 'correction', stored, 'read', string.format('%.0f', now))
return {now, correction}
