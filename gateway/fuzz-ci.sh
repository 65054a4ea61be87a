#!/usr/bin/env bash
# Lets the fuzzer of connections run for FUZZTIME, and fails only over an input that fails by itself. Go's engine may end a
# run with "context deadline exceeded" or a dead worker where no input is to blame, and that must not stop anybody.
# What does not compile, or fails with the seeds in testdata, has failed in the tests before.
set -euo pipefail
cd "$(dirname "$0")"
go=${GO:-go}
seeds=testdata/fuzz/FuzzConnection
log=$(mktemp)
trap 'rm -f "$log"' EXIT

"$go" test -run '^$' -fuzz '^FuzzConnection$' -fuzztime "${FUZZTIME:-60s}" -fuzzminimizetime 10x -parallel 2 . 2>&1 | tee "$log" || true

grep -q '^fuzz: elapsed' "$log" || { echo "nothing was fuzzed"; exit 1; }

# An input that earlier runs have found is in the engine's cache; one of this run has been written to testdata.
cached=$(sed -nE 's#.*seed corpus entry: FuzzConnection/([0-9a-f]+).*#\1#p' "$log" | head -1)
cache=$("$go" env GOCACHE)/fuzz/alakazaam/gateway/FuzzConnection
if [ -n "$cached" ] && [ -f "$cache/$cached" ]; then
  cp "$cache/$cached" "$seeds/"
fi
written=$(sed -nE 's#.*Failing input written to testdata/fuzz/FuzzConnection/([0-9a-f]+).*#\1#p' "$log" | head -1)

for input in $cached $written; do
  if "$go" test -run "FuzzConnection/$input" . >"$log" 2>&1; then
    if [ "$input" = "$written" ]; then rm "$seeds/$input"; fi
    continue
  fi
  cat "$log"
  echo "gateway/$seeds/$input fails; again: go test -run 'FuzzConnection/$input' ./gateway"
  exit 1
done
