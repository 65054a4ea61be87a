#!/usr/bin/env bash
# Three supernodes in a line and four peers, each at a loopback address of its own, with real files. One peer searches
# for what another one has behind another supernode, downloads it and compares. Everything is in a temporary folder.
set -euo pipefail

alakazaam=$(realpath "${1:?usage: demo.sh PROGRAM}")
dir=$(mktemp -d)
pids=()
finish() {
	status=$?
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	if [ "$status" -ne 0 ]; then
		echo "the demo failed; the logs say why:" >&2
		tail -n 20 "$dir"/*/log >&2
	fi
	rm -rf "$dir"
	exit "$status"
}
trap finish EXIT

say() { printf '\n== %s\n' "$*"; }

# node NAME ROLE HOST KEY… starts a node at 127.0.7.HOST whose admin interface is on port 17000 + HOST.
node() {
	local name=$1 role=$2 host=$3
	shift 3
	mkdir -p "$dir/$name/shared"
	{
		echo "listen: \"127.0.7.$host:3000\""
		echo "admin: { listen: \"127.0.0.1:$((17000 + host))\" }"
		for key in data share download; do echo "${key}_dir: \"$dir/$name/${key/%share/shared}\""; done
		printf '%s\n' "$@"
	} >"$dir/$name/config.yaml"
	"$alakazaam" "$role" --config "$dir/$name/config.yaml" >"$dir/$name/log" 2>&1 &
	pids+=($!)
	printf '%-8s %-10s 127.0.7.%s:3000  %s\n' "$name" "$role" "$host" "$*"
}

# on NAME COMMAND… runs a client command against a node.
on() { "$alakazaam" "$2" --config "$dir/$1/config.yaml" "${@:3}"; }

# until SECONDS COMMAND… waits for a command to succeed.
until_true() {
	for _ in $(seq $(($1 * 5))); do
		if "${@:2}" >/dev/null 2>&1; then return 0; fi
		sleep 0.2
	done
	echo "this did not come true within $1 s: ${*:2}" >&2
	return 1
}

say "three supernodes in a line, four peers"
node super1 supernode 1 'neighbors: ["127.0.7.2:3000"]'
node super2 supernode 2 'neighbors: ["127.0.7.1:3000", "127.0.7.3:3000"]'
node super3 supernode 3 'neighbors: ["127.0.7.2:3000"]'
mkdir -p "$dir"/{ann,ben,cyd,dee}/shared/music
head -c 20000000 /dev/urandom >"$dir/dee/shared/music/Perché no.flac"
echo "what ann wrote" >"$dir/ann/shared/notes.txt"
echo "what ben wrote" >"$dir/ben/shared/notes of ben.txt"
cp "$dir/ann/shared/notes.txt" "$dir/cyd/shared/the same notes.txt"
# Discovery with TTL 1 asks only the supernode that is named, so that each peer ends where the demo wants it.
node ann peer 11 'bootstrap: ["127.0.7.1:3000"]' 'discovery: { ttl: 1 }'
node ben peer 12 'bootstrap: ["127.0.7.2:3000"]' 'discovery: { ttl: 1 }'
node cyd peer 13 'bootstrap: ["127.0.7.3:3000"]' 'discovery: { ttl: 1 }'
node dee peer 14 'bootstrap: ["127.0.7.3:3000"]' 'discovery: { ttl: 1 }'

online() { on "$1" status --json | grep -q '"state": *"online"'; }
for peer in ann ben cyd dee; do until_true 30 online "$peer"; done
until_true 30 on ann find --json perch

say "ann, behind super1, searches for what dee has behind super3"
on ann find "perch"
say "ann downloads it"
on ann get 1
cmp "$dir/ann/download/"*.flac "$dir/dee/shared/music/Perché no.flac"
echo "it is the same file, byte for byte"

say "ben searches for notes: ann and cyd have the same ones under different names"
on ben find "notes"
say "somebody without a node asks super2"
(cd "$dir" && "$alakazaam" find --supernode 127.0.7.2:3000 --listen 127.0.7.20:3000 "notes of")
say "how super3 stands"
on super3 status

say "everybody leaves"
for pid in "${pids[@]}"; do kill -TERM "$pid"; done
for pid in "${pids[@]}"; do wait "$pid"; done
pids=()
echo "every node has ended in order, with exit code 0"
