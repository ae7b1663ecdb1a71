-- Put before every script that reads or writes the log.
--
-- The log is a list: entry N is element N-1, so offsets have no gaps by construction, and an entry's
-- data can be replaced for good (a stream can't do that). A record is "AT DIGEST KEYLENGTH\n", the
-- key, the data. An entry's digest covers its content as appended and the digest before it: equal digests at
-- one offset mean that everything up to there is equal.
--
-- KEYS: 1 log, 2 epoch, 3 idempotency keys, 4 snapshots
-- ARGV: 1 the epoch that the node believes the log is in
--       2 the highest offset that it has seen there, 3 the digest of that entry ('' if unknown)
--       4 a name for a new epoch, should one be due
local log = KEYS[1]

local function header(record)
  return string.match(record, '^(%d+) (%w+) (%d+)\n')
end

local function digest_at(offset)
  if offset == 0 then return '-' end
  local record = redis.call('LINDEX', log, offset - 1)
  if not record then return nil end
  local _, digest = header(record)
  return digest
end

local function continues(offset, digest)
  local found = digest_at(offset)
  return found ~= nil and (digest == '' or digest == found)
end

-- The server lost or forked what a node has seen. Whoever finds out first names the epoch for all.
local function fork()
  redis.call('SET', KEYS[2], ARGV[4])
  return {ARGV[4]}
end

local epoch = redis.call('GET', KEYS[2])
if not epoch then
  return fork()
end
if epoch ~= ARGV[1] then
  return {epoch} -- ask again, with what was seen in this epoch
end
if not continues(tonumber(ARGV[2]), ARGV[3]) then
  return fork()
end
