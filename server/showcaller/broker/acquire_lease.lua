-- KEYS: 1 the lease, 2 the last fence of each name. ARGV: 1 name, 2 owner, 3 milliseconds.
-- Returns the fence, or nil while another holds the lease.
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[2] then
  return nil
end
local fence
if owner then
  fence = tonumber(redis.call('HGET', KEYS[1], 'fence'))
else
  -- Never below the clock: so it grows even if the server forgot the last one.
  local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)
  local time = redis.call('TIME')
  fence = math.max(last + 1, time[1] * 1000 + math.floor(time[2] / 1000))
  local text = string.format('%.0f', fence)
  redis.call('HSET', KEYS[2], ARGV[1], text)
  redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'fence', text)
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return fence
