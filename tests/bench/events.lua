-- Alertmanager webhooks for wrk: of one alert each, about 1.1 kB, or of fifty, about 32 kB.
-- Arguments: mode (new | storm | pairs | repeats | fifty | fifty_again), path, seed, pause between requests in ms.
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local whole = [[{"receiver":"opsknight","status":"%s","alerts":[%s],"groupLabels":{"alertname":"HighErrorRate"},"commonLabels":{"alertname":"HighErrorRate","job":"checkout","severity":"critical"},"commonAnnotations":{"summary":"Error rate of checkout above 5%%"},"externalURL":"http://alertmanager.example.org:9093","version":"4","groupKey":"{}:{alertname=\"HighErrorRate\"}","truncatedAlerts":0}]]
local one = [[{"status":"%s","labels":{"alertname":"HighErrorRate","cluster":"eu-west-1","instance":"10.0.%d.%d:9100","job":"checkout","namespace":"shop","pod":"checkout-7d9f6c5b8-x%d","severity":"critical","team":"platform"},"annotations":{"description":"More than 5%% of the requests of checkout fail since five minutes. Customers cannot pay.","runbook_url":"https://runbooks.example.org/checkout/errors","summary":"Error rate of checkout above 5%%"},"startsAt":"2026-11-24T%02d:%02d:%02dZ","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus.example.org:9090/graph?g0.expr=rate&g0.tab=1","fingerprint":"%s"}]]
local headers = { ["Content-Type"] = "application/json" }
local mode, path, seed, count = "new", "/", 0, 0

function init(args)
  mode, path, seed = args[1], args[2], tonumber(args[3])
  math.randomseed(seed * 1000 + number)
  local pause = tonumber(args[4])
  if pause > 0 then
    delay = function() return math.random(0, 2 * pause) end
  end
end

local function key(of)
  -- Begins with a letter: sixteen digits in a row are read with more care, and most fingerprints are none.
  return string.format("f%07x%08x", seed * 16 + number, of)
end

local function alert(of, status)
  count = count + 1
  return string.format(one, status, of % 256, of % 250, of, of % 24, of % 60, count % 60, key(of))
end

local function webhook(alerts, status)
  return wrk.format("POST", path, headers, string.format(whole, status, alerts))
end

local function single(of, status)
  return webhook(alert(of, status), status)
end

function request()
  if mode == "fifty" or mode == "fifty_again" then
    local alerts = {}
    for number = 1, 50 do
      alerts[number] = alert(mode == "fifty" and count or 4000000000 + count % 2000, "firing")
    end
    return webhook(table.concat(alerts, ","), "firing")
  end
  if mode == "pairs" then
    return single(math.floor(count / 2), count % 2 == 0 and "firing" or "resolved")
  end
  if mode == "repeats" or (mode == "storm" and count % 20 ~= 0) then
    return single(4000000000 + math.random(0, 499), "firing")
  end
  return single(count, "firing")
end

function done(summary, latency, requests)
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.3f,"refused":%d,"broken":%d,"p50_ms":%.2f,"p99_ms":%.2f,"max_ms":%.2f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
