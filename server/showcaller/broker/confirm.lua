-- Have WAIT, which follows, be about all of the log up to an entry that a tail has heard of.
-- ARGV: 5 its epoch, 6 its offset, 7 its digest. Returns the epoch and whether it is there.
-- WAIT is about its connection's last write: so something is written, though nothing changes by it.
if ARGV[5] ~= epoch or not continues(tonumber(ARGV[6]), ARGV[7]) then
  return {epoch, 0}
end
redis.call('SET', KEYS[2], epoch)
return {epoch, 1}
