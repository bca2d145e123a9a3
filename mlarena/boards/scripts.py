"""The Lua that Redis runs on a board's four keys: each script is one atomic step.

KEYS are always order, rows, houses, state; see `index.py` for what they hold.
"""

from __future__ import annotations

# ARGV: seconds to live (0: for ever), then a JSON list of rows [field, version, score, member or "", house],
# all strings but the last. One argument is much cheaper to send and to read than thousands.
# Returns how many rows it changed: one that is not newer than what is known is left alone.
APPLY = """
local changed, members = 0, 0
for _, row in ipairs(cjson.decode(ARGV[2])) do
  local field, version, score, member, house = row[1], row[2], row[3], row[4], row[5]
  local known = redis.call('HGET', KEYS[2], field)
  local colon = known and string.find(known, ':', 1, true)
  if not known or tonumber(string.sub(known, 1, colon - 1)) < tonumber(version) then
    local old = known and string.sub(known, colon + 1) or ''
    if old ~= '' and old ~= member then
      members = members - redis.call('ZREM', KEYS[1], old)
      if house then redis.call('ZREM', KEYS[3], old) end
    end
    if member ~= '' then
      members = members + redis.call('ZADD', KEYS[1], score, member)
      if house then redis.call('ZADD', KEYS[3], score, member) end
    end
    redis.call('HSET', KEYS[2], field, version .. ':' .. member)
    changed = changed + 1
  end
end
if members ~= 0 then redis.call('HINCRBY', KEYS[4], 'count', members) end
if changed > 0 then redis.call('HINCRBY', KEYS[4], 'changes', 1) end
if changed > 0 and ARGV[1] ~= '0' then
  for i = 1, 4 do redis.call('EXPIRE', KEYS[i], ARGV[1]) end
end
return changed
"""

# Whether everything is in: it was once finished, and as many members are there as were counted. A
# copy that an eviction, a wipe or a kill has halved fails this.
_READY = """
local function whole()
  return redis.call('ZCARD', KEYS[1]) == tonumber(redis.call('HGET', KEYS[4], 'count') or 0)
end
local function ready()
  return redis.call('HGET', KEYS[4], 'ready') == '1' and whole()
end
"""

READY = _READY + "return ready() and 1 or 0"

# What both readers below return: {size, start, members, positions of the house rows, own position,
# own member, stamp}; nil unless ready.
_READ = (
    _READY
    + """
local function own_place(user)
  local known = redis.call('HGET', KEYS[2], user)
  local member = known and string.sub(known, string.find(known, ':', 1, true) + 1) or ''
  if member == '' then return -1, '' end
  return redis.call('ZRANK', KEYS[1], member) or -1, member
end
local function read(start, count, place, member)
  local houses = redis.call('ZRANGE', KEYS[3], 0, -1)
  for i = 1, #houses do houses[i] = redis.call('ZRANK', KEYS[1], houses[i]) end
  local members = {}
  if count > 0 then members = redis.call('ZRANGE', KEYS[1], start, start + count - 1) end
  local state = redis.call('HMGET', KEYS[4], 'build', 'changes')
  local stamp = state[1] .. ':' .. (state[2] or '')
  return {redis.call('ZCARD', KEYS[1]), start, members, houses, place, member, stamp}
end
"""
)

# ARGV: start, count, user id or ""
STRETCH = (
    _READ
    + """
if not ready() then return false end
local place, member = own_place(ARGV[3])
return read(tonumber(ARGV[1]), tonumber(ARGV[2]), place, member)
"""
)

# ARGV: user id, how many rows on either side
AROUND = (
    _READ
    + """
if not ready() then return false end
local place, member = own_place(ARGV[1])
if place < 0 then return read(0, 0, place, member) end
local start = math.max(0, place - tonumber(ARGV[2]))
return read(start, place + tonumber(ARGV[2]) + 1 - start, place, member)
"""
)

# ARGV: a new name for the build. Go on with one that was begun and is whole so far, else throw away what is
# there and begin. Returns {name of the build, the user id it has come to}.
BEGIN = (
    _READY
    + """
local state = redis.call('HMGET', KEYS[4], 'build', 'after', 'ready')
if state[1] and state[2] and not state[3] and whole() then return {state[1], state[2]} end
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call('HSET', KEYS[4], 'build', ARGV[1], 'after', 0, 'count', 0)
return {ARGV[1], '0'}
"""
)

# ARGV: name of the build, user id it has come to. 0 if another build has begun since.
ADVANCE = """
if redis.call('HGET', KEYS[4], 'build') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[4], 'after', ARGV[2])
return 1
"""

# ARGV: name of the build. Only the build that began last may be called finished.
FINISH = """
if redis.call('HGET', KEYS[4], 'build') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[4], 'ready', 1)
return 1
"""

# ARGV: start, count, then ends of members to remove if they stand in that stretch
DROP = """
local gone = {}
for i = 3, #ARGV do gone[ARGV[i]] = true end
local dropped = 0
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[1] + ARGV[2] - 1)) do
  if gone[string.sub(member, -8)] then
    redis.call('ZREM', KEYS[3], member)
    dropped = dropped + redis.call('ZREM', KEYS[1], member)
  end
end
if dropped > 0 then
  redis.call('HINCRBY', KEYS[4], 'count', -dropped)
  redis.call('HINCRBY', KEYS[4], 'changes', 1)
end
return dropped
"""

# ARGV: how far down, from 0 (the first row) to 1 (the last). {sort key of the first row, and of that one};
# nothing for an empty board, nil unless ready.
ENDS = (
    _READY
    + """
if not ready() then return false end
local size = redis.call('ZCARD', KEYS[1])
if size == 0 then return {} end
local function key_at(place)
  return redis.call('ZRANGE', KEYS[1], place, place, 'WITHSCORES')[2]
end
return {key_at(0), key_at(math.ceil((size - 1) * tonumber(ARGV[1])))}
"""
)

# ARGV: bounds of sort keys as ZCOUNT writes them. For each the rows up to it, and the house rows among
# them, one after the other; nil unless ready.
UP_TO = (
    _READY
    + """
if not ready() then return false end
local counted = {}
for i = 1, #ARGV do
  counted[2 * i - 1] = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[i])
  counted[2 * i] = redis.call('ZCOUNT', KEYS[3], '-inf', ARGV[i])
end
return counted
"""
)
