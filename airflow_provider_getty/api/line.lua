-- The line in which all processes of an account wait for their send slots, and the rate that they learn together.
--
-- KEYS[1]  a hash, which is this account's line
-- ARGV[1]  the time in microseconds; empty: that of the server, which is the same for all processes
-- ARGV[2]  "book", followed by the number of slots, the most requests per second (0: unknown), and how far ahead, in
--          microseconds, the first slot may be
--          "refused", followed by the time at which a request with a 429 left, and the rate when its slot was booked
--
-- Slots are a constant time apart (GCRA, the generic cell rate algorithm). While the line is busy and few are refused,
-- the rate grows: twofold in DOUBLING seconds until the first refusal, then along the curve of TCP's CUBIC.

local FIRST_RATE, LOWEST_RATE = 5, 0.5
local DOUBLING, FASTEST_DOUBLING, SLOW_DOUBLING = 2, 3, 20
-- The share of the rate that is kept after a refusal; after one within SOON microseconds of the last cut; after an
-- outage; and the seconds until the rate is restored.
local KEPT, KEPT_AT_ONCE, SOON, KEPT_IN_OUTAGE, RECOVERY = 0.95, 0.85, 10e6, 0.5, 40
local FORGETTING = 0.9
-- A smaller share of refusals comes from varying latencies, not from the rate.
local TOLERATED, SAMPLE, OUTAGE_SAMPLE = 0.002, 1000, 10
local DAY = 86400

local NAMES = {'next', 'rate', 'ceiling', 'floor', 'growing', 'deaf', 'cut', 'booked', 'refused', 'seen', 'second',
               'now', 'before'}

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1e6 + time[2]
end

local line = {}
for i, value in ipairs(redis.call('HMGET', KEYS[1], unpack(NAMES))) do
  line[NAMES[i]] = tonumber(value or 0)
end

local function keep()
  local fields = {}
  for i, name in ipairs(NAMES) do
    fields[2 * i - 1], fields[2 * i] = name, string.format('%.17g', line[name])
  end
  redis.call('HSET', KEYS[1], unpack(fields))
  redis.call('EXPIRE', KEYS[1], DAY)
end

-- About how many slots were booked in the last second.
local function in_last_second()
  local second = math.floor(now / 1e6)
  if second ~= line.second then
    line.before = second == line.second + 1 and line.now or 0
    line.second, line.now = second, 0
  end
  return line.before * (1 - (now / 1e6 - second)) + line.now
end

local function grow(seconds, most)
  line.growing = line.growing + seconds
  local rate
  if line.ceiling == 0 then
    rate = line.rate * 2 ^ (seconds / DOUBLING)
  elseif line.growing > 2 * RECOVERY then
    rate = line.rate * 2 ^ (seconds / SLOW_DOUBLING)
  else
    rate = line.ceiling + (line.ceiling - line.floor) * (line.growing / RECOVERY - 1) ^ 3
    rate = math.min(rate, line.rate * 2 ^ (seconds / FASTEST_DOUBLING))
  end
  line.rate = math.min(math.max(rate, LOWEST_RATE), most)
end

local function book(wanted, limit, horizon)
  local most = limit > 0 and limit or math.huge
  if line.rate == 0 then
    line.rate = limit > 0 and limit or FIRST_RATE
    line.floor = line.rate
  end
  line.rate = math.min(line.rate, most)
  if line.next > now then
    grow(math.min((now - line.seen) / 1e6, 1), most)
  end
  line.seen = now
  local first, apart = math.max(line.next, now), 1e6 / line.rate
  local late = first - now - horizon
  if late > 0 then
    keep()
    return {0, string.format('%.0f', late), 0, 0, string.format('%.9g', line.rate)}
  end
  line.next = first + wanted * apart
  in_last_second()
  line.now = line.now + wanted
  line.booked = line.booked + wanted
  if line.booked > SAMPLE then
    line.booked, line.refused = line.booked / 2, line.refused / 2
  end
  keep()
  return {wanted, string.format('%.0f', first - now), string.format('%.0f', apart), string.format('%.0f', first),
          string.format('%.9g', line.rate)}
end

local function refused(sent, rate)
  line.refused = line.refused + 1
  local is_outage = line.ceiling > 0 and 2 * line.refused >= line.booked
  if line.rate == 0 or sent < line.deaf or line.refused <= TOLERATED * line.booked
      or is_outage and line.booked < OUTAGE_SAMPLE then
    keep()
    return
  end
  if is_outage then
    line.floor = KEPT_IN_OUTAGE * line.rate -- hardly anything is accepted, which says little about the limit
  else
    local reached = math.min(line.rate, rate, in_last_second() + 1)
    line.ceiling = math.max(reached, FORGETTING * line.ceiling)
    line.floor = (now < line.cut + SOON and KEPT_AT_ONCE or KEPT) * reached
  end
  line.floor = math.max(line.floor, LOWEST_RATE)
  line.ceiling = math.max(line.ceiling, line.floor)
  line.rate, line.growing, line.booked, line.refused, line.cut = line.floor, 0, 0, 0, now
  -- Slots booked before now may be refused as well, and so may requests that Getty counts in the same second.
  line.deaf = math.max(line.next, now) + 1e6
  keep()
end

if ARGV[2] == 'book' then
  return book(tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]))
end
return refused(tonumber(ARGV[3]), tonumber(ARGV[4]))
