-- Keep notes in a ring. KEYS: 1 the ring, a list; 2 how many notes there ever were. ARGV: 1 how many are kept,
-- then the notes.
local keep = tonumber(ARGV[1])
for i = 2, #ARGV do
  local place = (redis.call('INCR', KEYS[2]) - 1) % keep
  if place < redis.call('LLEN', KEYS[1]) then
    redis.call('LSET', KEYS[1], place, ARGV[i])
  else
    redis.call('RPUSH', KEYS[1], ARGV[i])
  end
end
return 1
