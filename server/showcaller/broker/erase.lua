-- Replace the data of an entry, and forget what was derived from it. ARGV: 5 offset, 6 data.
-- Returns the epoch and whether there is such an entry.
local index = tonumber(ARGV[5]) - 1
local record = index >= 0 and redis.call('LINDEX', log, index)
if not record then
  return {epoch, 0}
end
local line = string.match(record, '^[^\n]*\n')
local _, _, key_length = header(record)
redis.call('DEL', KEYS[4])
redis.call('LSET', log, index, string.sub(record, 1, #line + key_length) .. ARGV[6])
return {epoch, 1}
