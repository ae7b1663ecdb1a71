-- ARGV: 5 fold version. Returns the epoch and, if this log continues that of the snapshot, the snapshot.
local kept = redis.call('HGET', KEYS[4], ARGV[5])
if not kept then
  return {epoch}
end
local kept_epoch, offset, digest = string.match(kept, '^(%S+) (%d+) (%S+)\n')
if digest_at(tonumber(offset)) ~= digest then
  if kept_epoch == epoch then -- so something of this epoch was taken away
    return fork()
  end
  return {epoch}
end
return {epoch, kept}
