package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// badFiles are files with what is said about each: the whole text, place and excerpt included.
var badFiles = []struct{ name, text, want string }{
	{"unknown key in a section, in brackets", "search: {tll: 5}\n", `
stdin:1:10: unknown key "search.tll": did you mean "search.ttl"?
    1 | search: {tll: 5}
                 ^`},
	{"unknown key at the top", "\n\nshare-dri: x\n", `
stdin:3:1: unknown key "share-dri": did you mean "share_dir"?
    3 | share-dri: x
        ^`},
	{"unknown section: what is in it is checked, too", "serch:\n  ttl: 500\n  foo: 1\n", `
stdin:1:1: unknown key "serch": did you mean "search"?
    1 | serch:
        ^
stdin:2:8: search.ttl has to be a whole number from 1 to 99, not 500
    2 |   ttl: 500
               ^
stdin:3:3: unknown key "search.foo": the keys here are ttl, strategy, quiet, window, max_results, max_per_owner, filters, filter_max
    3 |   foo: 1
          ^`},
	{"key of a section at the top", "max_results: 5\nwindow: 5s\n", `
stdin:1:1: unknown key "max_results": did you mean "search.max_results"?
    1 | max_results: 5
        ^
stdin:2:1: unknown key "window": did you mean "search.window" or "discovery.window"?
    2 | window: 5s
        ^`},
	{"key in the wrong section", "limits: {upload_slots: 5}\n", `
stdin:1:10: unknown key "limits.upload_slots": did you mean "transfer.upload_slots"?
    1 | limits: {upload_slots: 5}
                 ^`},
	{"dotted key", "search.ttl: 5\n", `
stdin:1:1: unknown key "search.ttl": write "ttl" in the section "search"
    1 | search.ttl: 5
        ^`},
	{"unknown key far from all", "colour: red\n", `
stdin:1:1: unknown key "colour"
    1 | colour: red
        ^`},
	{"key twice", "search: {ttl: 1}\nsearch: {ttl: 700}\nlog:\n  level: info\n  level: warn\n", `
stdin:2:1: key "search" stands twice, first in line 1
    2 | search: {ttl: 700}
        ^
stdin:5:3: key "log.level" stands twice, first in line 4
    5 |   level: warn
          ^`},
	{"whole numbers", "search: {ttl: five, max_results: 1e2}\nlimits: {sessions: -1, connections: 99999999999999999999}\n" +
		"discovery: {ttl: 1.5, target: \"5\", max: 0x10}\n", `
stdin:1:15: search.ttl has to be a whole number from 1 to 99, not "five"
    1 | search: {ttl: five, max_results: 1e2}
                      ^
stdin:1:34: search.max_results has to be a whole number from 1 to 999, not "1e2"
    1 | search: {ttl: five, max_results: 1e2}
                                         ^
stdin:2:20: limits.sessions has to be a whole number of 0 or more, not -1
    2 | limits: {sessions: -1, connections: 99999999999999999999}
                           ^
stdin:2:37: limits.connections has to be a whole number of 0 or more, not 9223372036854775807: that is too large
    2 | limits: {sessions: -1, connections: 99999999999999999999}
                                            ^
stdin:3:18: discovery.ttl has to be a whole number from 1 to 99, not "1.5"
    3 | discovery: {ttl: 1.5, target: "5", max: 0x10}
                         ^
stdin:3:31: discovery.target has to be a whole number of 0 or more, not the text "5": leave out the quotes
    3 | discovery: {ttl: 1.5, target: "5", max: 0x10}
                                      ^
stdin:3:41: discovery.max has to be a whole number of 0 or more, not "0x10"
    3 | discovery: {ttl: 1.5, target: "5", max: 0x10}
                                                ^`},
	{"durations", "search: {quiet: 5, window: soon}\nlimits: {dial_timeout: 0, idle_timeout: -1s}\n", `
stdin:1:17: search.quiet has to be a duration from 1ms to 1h, not "5": its unit is missing, as in 5s
    1 | search: {quiet: 5, window: soon}
                        ^
stdin:1:28: search.window has to be a duration from 1ms to 1h, not "soon": a duration looks like 1500ms, 30s or 2h
    1 | search: {quiet: 5, window: soon}
                                   ^
stdin:2:24: limits.dial_timeout has to be a duration from 1ms to 10m, not 0s
    2 | limits: {dial_timeout: 0, idle_timeout: -1s}
                               ^
stdin:2:41: limits.idle_timeout has to be a duration from 1ms to 24h, not -1s
    2 | limits: {dial_timeout: 0, idle_timeout: -1s}
                                                ^`},
	{"sizes", "transfer: {upload_rate: fast, max_file_size: 1MiB/s, download_rate: 0.5}\n", `
stdin:1:25: transfer.upload_rate has to be a size of 0 or more, not "fast": a size looks like 1048576, 512KiB or 1MB
    1 | transfer: {upload_rate: fast, max_file_size: 1MiB/s, download_rate: 0.5}
                                ^
stdin:1:46: transfer.max_file_size has to be a size of 0 or more, not "1MiB/s": a size looks like 1048576, 512KiB or 1MB
    1 | transfer: {upload_rate: fast, max_file_size: 1MiB/s, download_rate: 0.5}
                                                     ^
stdin:1:69: transfer.download_rate has to be a size of 0 or more, not "0.5": a size looks like 1048576, 512KiB or 1MB
    1 | transfer: {upload_rate: fast, max_file_size: 1MiB/s, download_rate: 0.5}
                                                                            ^`},
	{"truth values", "session: {verify_address: yes}\n", `
stdin:1:27: session.verify_address has to be true or false, not "yes"
    1 | session: {verify_address: yes}
                                  ^`},
	{"texts that YAML takes for something else", "data_dir: 2024\nshare_dir: true\ndownload_dir:\nlog: {level: ~}\nadmin: {listen: }\n", `
stdin:1:11: data_dir has to be a directory, not the number 2024: write "2024", in quotes
    1 | data_dir: 2024
                  ^
stdin:2:12: share_dir has to be a directory, not the truth value true: write "true", in quotes
    2 | share_dir: true
                   ^
stdin:3:14: download_dir has to be a directory, not nothing: leave the key out for its default
    3 | download_dir:
                     ^
stdin:4:14: log.level has to be trace, debug, info, warn or error, not nothing: leave the key out for its default
    4 | log: {level: ~}
                     ^
stdin:5:16: admin.listen has to be an address to listen on, not nothing: leave the key out for its default, or write "" for "no interface"
    5 | admin: {listen: }
                       ^`},
	{"shapes", "search: 5\nlog: [info]\ndata_dir: {a: b}\nneighbors: a:1\nbootstrap: [[a:1], {a: 1}, ~, 7]\nlimits:\n- 1\n", `
stdin:1:9: search has to be keys with values, not the number 5
    1 | search: 5
                ^
stdin:2:6: log has to be keys with values, not a list
    2 | log: [info]
             ^
stdin:3:11: data_dir has to be a directory, not keys with values
    3 | data_dir: {a: b}
                  ^
stdin:4:12: neighbors has to be a list of HOST:PORT, not the text "a:1": write ["a:1"]
    4 | neighbors: a:1
                   ^
stdin:5:13: bootstrap[0] has to be HOST:PORT, not a list
    5 | bootstrap: [[a:1], {a: 1}, ~, 7]
                    ^
stdin:5:20: bootstrap[1] has to be HOST:PORT, not keys with values
    5 | bootstrap: [[a:1], {a: 1}, ~, 7]
                           ^
stdin:5:28: bootstrap[2] has to be HOST:PORT, not nothing: leave the key out for its default
    5 | bootstrap: [[a:1], {a: 1}, ~, 7]
                                   ^
stdin:5:31: bootstrap[3] has to be HOST:PORT, not the number 7: a port is missing, as in 192.0.2.1:3000
    5 | bootstrap: [[a:1], {a: 1}, ~, 7]
                                      ^
stdin:7:1: limits has to be keys with values, not a list
    7 | - 1
        ^`},
	{"addresses", `listen: 0.0.0.0
admin: {listen: "example.com:80"}
advertise: {ipv4: "2001:db8::1", ipv6: 192.0.2.1, port: 65536}
neighbors: ["2001:db8::1:3000", "a:0", "300.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1", ""]
`, `
stdin:1:9: listen has to be an address to listen on, not "0.0.0.0": a port is missing, as in 192.0.2.1:3000
    1 | listen: 0.0.0.0
                ^
stdin:2:17: admin.listen has to be an address to listen on, not "example.com:80": the host has to be an IP address of this machine, localhost or nothing
    2 | admin: {listen: "example.com:80"}
                        ^
stdin:3:19: advertise.ipv4 has to be an IPv4 address, not "2001:db8::1": that address is of the other family
    3 | advertise: {ipv4: "2001:db8::1", ipv6: 192.0.2.1, port: 65536}
                          ^
stdin:3:40: advertise.ipv6 has to be an IPv6 address, not "192.0.2.1": that address is of the other family
    3 | advertise: {ipv4: "2001:db8::1", ipv6: 192.0.2.1, port: 65536}
                                               ^
stdin:3:57: advertise.port has to be a whole number from 0 to 65535, not 65536
    3 | advertise: {ipv4: "2001:db8::1", ipv6: 192.0.2.1, port: 65536}
                                                                ^
stdin:4:13: neighbors[0] has to be HOST:PORT, not "2001:db8::1:3000": an IPv6 address stands in brackets, as in [2001:db8::1]:3000
    4 | neighbors: ["2001:db8::1:3000", "a:0", "300.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1"…
                    ^
stdin:4:33: neighbors[1] has to be HOST:PORT, not "a:0": port 0 cannot be dialed
    4 | neighbors: ["2001:db8::1:3000", "a:0", "300.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1"…
                                        ^
stdin:4:40: neighbors[2] has to be HOST:PORT, not "300.0.0.1:3000": the host has to be an IP address or a host name
    4 | neighbors: ["2001:db8::1:3000", "a:0", "300.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1"…
                                               ^
stdin:4:58: neighbors[3] has to be HOST:PORT, not "224.0.0.1:1": that address cannot be dialed
    4 | neighbors: ["2001:db8::1:3000", "a:0", "300.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1"…
                                                                 ^
stdin:4:73: neighbors[4] has to be HOST:PORT, not "a b:1": the host has to be an IP address or a host name
    4 | …2001:db8::1:3000", "a:0", "300.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1", ""]
                                                                    ^
stdin:4:82: neighbors[5] has to be HOST:PORT, not "a:65536": the port has to be a number up to 65535
    4 | …:1:3000", "a:0", "300.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1", ""]
                                                                    ^
stdin:4:93: neighbors[6] has to be HOST:PORT, not "[a]:1": the host has to be an IP address or a host name
    4 | …a:0", "300.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1", ""]
                                                                    ^
stdin:4:102: neighbors[7] has to be HOST:PORT, not "": a port is missing, as in 192.0.2.1:3000
    4 | …0.0.0.1:3000", "224.0.0.1:1", "a b:1", "a:65536", "[a]:1", ""]
                                                                    ^`},
	{"neighbors twice", "neighbors: [192.0.2.1:3000, Node.example:1, node.example.:1, '[::ffff:192.0.2.1]:3000']\n", `
stdin:1:45: neighbors[2] is "node.example.:1", which neighbors[1] is already
    1 | neighbors: [192.0.2.1:3000, Node.example:1, node.example.:1, '[::ffff:192.0.2.1]:3000']
                                                    ^
stdin:1:62: neighbors[3] is "[::ffff:192.0.2.1]:3000", which neighbors[0] is already
    1 | neighbors: [192.0.2.1:3000, Node.example:1, node.example.:1, '[::ffff:192.0.2.1]:3000']
                                                                     ^`},
	{"choices", "log: {level: warning, format: JSON}\n", `
stdin:1:14: log.level has to be trace, debug, info, warn or error, not "warning"
    1 | log: {level: warning, format: JSON}
                     ^
stdin:1:31: log.format has to be text or json, not "JSON": did you mean "json"?
    1 | log: {level: warning, format: JSON}
                                      ^`},
	{"rules between keys", `search: {quiet: 20s}
discovery:
  max: 10
listen: 127.0.0.1:8080
share_dir: .
`, `
stdin:1:17: search.quiet (20s) is longer than search.window (18s)
    1 | search: {quiet: 20s}
                        ^
stdin:3:8: discovery.target (16) is more than discovery.max (10)
    3 |   max: 10
               ^
stdin:4:9: admin.listen (127.0.0.1:8080) and listen (127.0.0.1:8080) are the same port
    4 | listen: 127.0.0.1:8080
                ^
stdin:5:12: data_dir (data) is in share_dir (.): the node's database would be shared
    5 | share_dir: .
                   ^`},
	{"no rule about a value that is wrong", "search: {quiet: 5h, window: 1s}\n", `
stdin:1:17: search.quiet has to be a duration from 1ms to 1h, not 5h
    1 | search: {quiet: 5h, window: 1s}
                        ^`},
	{"columns are characters", "data_dir: {é: ü, \"ß\": {}}\nlog: {\"lével\": info}\n", `
stdin:1:11: data_dir has to be a directory, not keys with values
    1 | data_dir: {é: ü, "ß": {}}
                  ^
stdin:2:7: unknown key "log.lével": did you mean "log.level"?
    2 | log: {"lével": info}
              ^`},
	{"other line ends", "\r\nlog:\r\n  levl: info\r\n", `
stdin:3:3: unknown key "log.levl": did you mean "log.level"?
    3 |   levl: info
          ^`},
}

func TestBadFiles(t *testing.T) {
	for _, test := range badFiles {
		t.Run(test.name, func(t *testing.T) {
			c, _, err := load(test.text)
			require.Error(t, err)
			assert.Equal(t, strings.TrimPrefix(test.want, "\n"), err.Error())
			assert.Zero(t, c)
		})
	}
}

// badYAML are files that are refused as a whole.
var badYAML = []struct{ name, text, want string }{
	{"syntax", "search:\n  ttl: 5\n quiet: 1s\n", `
stdin:3:2: the file is not YAML: value is not allowed in this context
    3 |  quiet: 1s
         ^`},
	{"unclosed bracket", "search: {ttl: 5\n", `
stdin:1:9: the file is not YAML: could not find flow mapping end token '}'
    1 | search: {ttl: 5
                ^`},
	{"tab for indentation", "search:\n\tttl: 5\n", `
stdin:2:1: a tab stands where YAML wants spaces
    2 |  ttl: 5
        ^`},
	{"no keys", "hello\n", `
stdin:1:1: the file has to be keys with values, not the text "hello"
    1 | hello
        ^`},
	{"a list", "- a: 1\n", `
stdin:1:1: the file has to be keys with values, not a list
    1 | - a: 1
        ^`},
	{"two documents", "search: {ttl: 5}\n---\nsearch: {ttl: 5}\n", `
stdin:2:1: a second document begins here: the file is one document
    2 | ---
        ^`},
	{"directive", "%YAML 1.2\n---\nsearch: {ttl: 5}\n", `
stdin:1:1: directives are not used here: leave the line out
    1 | %YAML 1.2
        ^`},
	{"merge key", "search: &a {ttl: 5}\ndiscovery:\n  <<: *a\n", `
stdin:3:3: merge keys (<<) are not used in a configuration: write the keys out
    3 |   <<: *a
          ^`},
	{"tag", "search: {ttl: !!int 5}\n", `
stdin:1:15: tags such as "!!int" are not used in a configuration
    1 | search: {ttl: !!int 5}
                      ^`},
	{"unknown alias", "search: {ttl: *a}\nlog: {level: &a info}\n", `
stdin:1:15: there is no anchor "&a" before this
    1 | search: {ttl: *a}
                      ^`},
	{"alias of a section that is no value", "search: &s {ttl: 5}\ndata_dir: *s\n", `
stdin:2:11: data_dir has to be a directory, not keys with values
    2 | data_dir: *s
                  ^`},
	{"alias in itself", "neighbors: &n [*n]\n", `
stdin:1:16: neighbors[0] has to be HOST:PORT, not a list
    1 | neighbors: &n [*n]
                       ^`},
	{"keys that are no words", "? search\n: {ttl: 5}\n", `
stdin:1:1: a key has to be a plain word
    1 | ? search
        ^`},
	{"block text", "data_dir: |\n  x\n", `
stdin:1:11: a text over several lines is not used here: write it on one line, in quotes
    1 | data_dir: |
                  ^`},
	{"left over from a merge", "<<<<<<< HEAD\nsearch: {ttl: 5}\n", `
stdin:1:1: this is no YAML: is it left over from a merge?
    1 | <<<<<<< HEAD
        ^`},
	{"not UTF-8", "search: {ttl: 5}\nshare_dir: é\xff\n", `
stdin:2:13: the file is not UTF-8 text
    2 | share_dir: é�
                    ^`},
	{"too large", strings.Repeat("# comment\n", maxFile/10+1), `
stdin: the file has more than 1MiB`},
}

func TestBadYAML(t *testing.T) {
	for _, test := range badYAML {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := load(test.text)
			require.Error(t, err)
			assert.Equal(t, strings.TrimPrefix(test.want, "\n"), err.Error())
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, _, err := load(`listen: nowhere
advertise: {ipv4: 0.0.0.0}
data_dir: ""
sharedir: x
neighbors: [b, c:1, c:1]
search:
  ttl: 0
  quite: 5s
  quiet: 5
log:
  level: 3
`)
	var all Errors
	require.ErrorAs(t, err, &all)
	var places []string
	for _, p := range all {
		assert.NotEmpty(t, p.Message)
		assert.NotEmpty(t, p.Text)
		places = append(places, fmt.Sprintf("%s:%d:%d %s", p.File, p.Line, p.Column, p.Key))
	}
	assert.Equal(t, []string{
		"stdin:1:9 listen", "stdin:2:19 advertise.ipv4", "stdin:3:11 data_dir", "stdin:4:1 sharedir",
		"stdin:5:13 neighbors[0]", "stdin:5:21 neighbors[2]", "stdin:7:8 search.ttl", "stdin:8:3 search.quite",
		"stdin:9:10 search.quiet", "stdin:11:10 log.level",
	}, places)
}
