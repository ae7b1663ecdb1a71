-- Put before every script that reads or writes the log.
--
-- The log is a list: entry N is element N-1, so offsets have no gaps by construction, and an entry's
-- data can be replaced for good (a stream can't do that). A record is "AT DIGEST KEYLENGTH\n", the
-- key, the data. An entry's digest covers its content as appended and the digest before it: equal digests at
-- one offset mean that everything up to there is equal.
--
-- KEYS: 1 log, 2 epoch, 3 idempotency keys, 4 snapshots, 5 clock, 6 whose epoch it is, and those before it
-- ARGV: 1 the epoch that the node believes the log is in
--       2 the highest offset that it has seen there, 3 the digest of that entry ('' if unknown)
--       4 a name for a new epoch, should one be due
-- A script that is refused, since the log is in another epoch, returns {"EPOCH\n" and the epochs before it}.
local log = KEYS[1]
local EPOCHS_BYTES = 4000 -- of those before that are remembered

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

-- An epoch is of one server, by its replication id, which is new with each promotion and each start: what two
-- masters write, or one before and after it lost its end, is never told apart by offsets alone.
local server = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or '-'

-- Begin the epoch ARGV[4]. `before`: "EPOCH END\n" of each that the log goes on from, the newest first.
local function begin_epoch(before)
  if #before > EPOCHS_BYTES then
    before = string.match(string.sub(before, 1, EPOCHS_BYTES), '^.*\n')
  end
  redis.call('SET', KEYS[6], table.concat({server, ' ', ARGV[4], '\n', before}))
  redis.call('SET', KEYS[2], ARGV[4])
  return {ARGV[4] .. '\n' .. before}
end

-- The server lost what a node has seen. Whoever finds out first names the epoch for all.
local function fork()
  return begin_epoch('')
end

local epoch = redis.call('GET', KEYS[2])
if not epoch then
  return fork()
end
local owner, owned, before = string.match(redis.call('GET', KEYS[6]) or '', '^(%S+) (%S+)\n(.*)$')
if owned ~= epoch then -- named by a release that did not note whose it is
  owner, before = server, ''
  redis.call('SET', KEYS[6], table.concat({server, ' ', epoch, '\n'}))
end
if owner ~= server then
  return begin_epoch(table.concat({epoch, ' ', redis.call('LLEN', log), '\n', before}))
end
if epoch ~= ARGV[1] then
  return {epoch .. '\n' .. before} -- ask again, with what was seen in this epoch
end
if not continues(tonumber(ARGV[2]), ARGV[3]) then
  return fork()
end
