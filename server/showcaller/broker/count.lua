-- KEYS: 1 the counter. ARGV: 1 its window in milliseconds, from its first count.
-- Returns the count, and how many milliseconds of the window are left.
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
