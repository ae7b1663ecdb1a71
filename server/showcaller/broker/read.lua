-- Read what follows a position. ARGV: 5 its epoch, 6 its offset, 7 the digest there ('' if unknown:
-- then nothing is proved, for anybody may ask for what comes after anything),
-- 8 how many entries at most. Returns the epoch, the head, its digest, and the records: none if the
-- position is of another epoch.
local head = redis.call('LLEN', log)
local after, limit = tonumber(ARGV[6]), tonumber(ARGV[8])
local records = {}
if ARGV[5] == epoch then
  if ARGV[7] ~= '' and not continues(after, ARGV[7]) then
    return fork()
  end
  if limit > 0 then
    records = redis.call('LRANGE', log, after, after + limit - 1)
  end
end
return {epoch, head, digest_at(head), records}
