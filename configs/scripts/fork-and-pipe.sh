#!/bin/sh
# Runs pipelines for KV_DURATION_MS, at least as many as its argument says. Bad when one loses a byte.
least=${1:-1}
end=$(($(cut -d. -f1 /proc/uptime) + ${KV_DURATION_MS:-5000} / 1000))
count=0
while [ "$count" -lt "$least" ] || [ "$(cut -d. -f1 /proc/uptime)" -lt "$end" ]; do
  bytes=$(head -c 65536 /dev/zero | cat | wc -c)
  [ "$bytes" -eq 65536 ] || { echo "pipeline $count passed on $bytes bytes of 65536"; exit 1; }
  count=$((count + 1))
done
echo "$count pipelines"
