-- Keep a snapshot, unless it is of another epoch, ahead of the log, or older than the one that is kept.
-- ARGV: 5 epoch, 6 offset, 7 fold version, 8 data. It is stored as "EPOCH OFFSET DIGEST\n", the data.
local offset = tonumber(ARGV[6])
local digest = digest_at(offset)
if ARGV[5] ~= epoch or not digest then
  return {epoch}
end
local kept = redis.call('HGET', KEYS[4], ARGV[7])
if kept then
  local _, kept_offset, kept_digest = string.match(kept, '^(%S+) (%d+) (%S+)\n')
  kept_offset = tonumber(kept_offset)
  if kept_offset > offset and digest_at(kept_offset) == kept_digest then
    return {epoch}
  end
end
redis.call('HSET', KEYS[4], ARGV[7], table.concat({epoch, ' ', offset, ' ', digest, '\n', ARGV[8]}))
return {epoch}
