-- The account's pending generations, and how many Getty accepts, as learned from its refusals.
--
-- KEYS[1]  the pending generations, each with the time at which it expires, whatever became of it
-- KEYS[2]  the slots reserved for imminent submissions, likewise
-- KEYS[3]  how many may be pending
-- ARGV[1]  the time in seconds; empty: that of the server, which is the same for all processes
-- ARGV[2]  "began" or "finished": the generation ARGV[3]
--          "refused": Getty refused a submission because too many are pending
--          "reserve": reserve a slot named ARGV[3]; returns 1 if one is known to be free, else 0

local COUNTED, RESERVED, REMEMBERED = 900, 30, 3600

local now = tonumber(ARGV[1]) or tonumber(redis.call('TIME')[1])
for i = 1, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
end
local pending, reserved = redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2])
local limit = tonumber(redis.call('GET', KEYS[3]))

local function keep(most)
  redis.call('SET', KEYS[3], math.max(most, 1), 'EX', REMEMBERED)
end

local function add(key, name, seconds)
  redis.call('ZADD', key, now + seconds, name)
  redis.call('EXPIRE', key, seconds)
end

if ARGV[2] == 'began' then
  redis.call('ZPOPMIN', KEYS[2])
  add(KEYS[1], ARGV[3], COUNTED)
  if limit and pending + 1 > limit then
    keep(pending + 1)
  end
elseif ARGV[2] == 'finished' then
  redis.call('ZREM', KEYS[1], ARGV[3])
elseif ARGV[2] == 'refused' then
  redis.call('ZPOPMIN', KEYS[2])
  keep(pending)
elseif limit and pending + reserved < limit then
  add(KEYS[2], ARGV[3], RESERVED)
  return 1
end
return 0
