-- ARGV: 5 offset to read after, 6 how many at most. Returns the epoch, the head, its digest, the records.
local head = redis.call('LLEN', log)
local after, limit = tonumber(ARGV[5]), tonumber(ARGV[6])
local records = {}
if limit > 0 then
  records = redis.call('LRANGE', log, after, after + limit - 1)
end
return {epoch, head, digest_at(head), records}
