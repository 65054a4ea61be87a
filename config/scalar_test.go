package config

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1048576": 1 << 20, "1MiB": 1 << 20, "1mib": 1 << 20, "1MB": 1e6, "512KiB": 512 << 10, "1 GB": 1e9,
		"1.5KiB": 1536, "0.001KB": 1, "10B": 10, "8388607TiB": 8388607 << 40, "9223372036854775807": math.MaxInt64,
		"0.000000001GB": 1, "1.5TB": 15e11,
	} {
		got, err := ParseSize(text)
		assert.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "B", "MiB", "-1", "+1", "1k", "1M", "1.5", "1.B", ".5KB", "0x10", "1e3", "1_000", "1MiB/s", "8388608TiB",
		"9223372036854775808", "99999999999999999999TB", "1.0000000001GB", "0.5B", "1 MB ", " 1", "1..5KB", "１",
	} {
		_, err := ParseSize(text)
		assert.Error(t, err, text)
	}
}

func TestSizeString(t *testing.T) {
	for size, want := range map[Size]string{
		0: "0", 1: "1B", 1024: "1KiB", 1000: "1KB", 1 << 20: "1MiB", 3 << 19: "1536KiB", 1e6: "1MB", 1e9 + 1: "1000000001B",
		math.MaxInt64: "9223372036854775807B", -1: "-1",
	} {
		assert.Equal(t, want, size.String())
	}
}

func TestFormatDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Minute: "1m", time.Hour: "1h", 90 * time.Minute: "1h30m", 1500 * time.Millisecond: "1.5s",
		time.Hour + 10*time.Second: "1h0m10s", 10 * time.Minute: "10m", 20 * time.Hour: "20h",
	} {
		assert.Equal(t, want, formatDuration(d))
	}
}

func TestCheckListen(t *testing.T) {
	for _, s := range []string{":3000", ":0", "0.0.0.0:3000", "127.0.0.1:0", "localhost:1", "[::]:65535", "[2001:db8::1]:1"} {
		assert.NoError(t, checkListen(s), s)
	}
	for _, s := range []string{
		"", "3000", ":", ":65536", ":-1", ":http", "host.example:1", "::1:3000", "[::1]", "[::1]3000", "[127.0.0.1]:1",
		"224.0.0.1:1", "[fe80::1%eth0]:1", "1.2.3:1", "[:1", "]:1", "[]:1", "[::1:1",
	} {
		assert.Error(t, checkListen(s), s)
	}
}

func TestCheckTarget(t *testing.T) {
	for _, s := range []string{
		"192.0.2.1:1", "[2001:db8::1]:3000", "a:65535", "node-1.example.:1", "3com.example:1", "_srv.local:1", "localhost:1",
	} {
		assert.NoError(t, checkTarget(s), s)
	}
	for _, s := range []string{
		"", ":1", "a", "a:", "a:0", "a:b", "0.0.0.0:1", "[::]:1", "[ff02::1]:1", "[fe80::1%eth0]:1", "255.255.255.255:1",
		"1.2.3:1", "1.2.3.4.5:1", "a..b:1", "-a:1", "a-:1", "a/b:1", "ä:1", ".:1", "http://a:1",
	} {
		assert.Error(t, checkTarget(s), s)
	}
}

func TestOverlap(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{":80", ":80", true}, {":80", ":81", false}, {":0", ":0", false}, {":80", "127.0.0.1:80", true},
		{"0.0.0.0:80", "127.0.0.1:80", true}, {"0.0.0.0:80", "[::1]:80", false}, {"[::]:80", "127.0.0.1:80", true},
		{"localhost:80", "127.0.0.1:80", true}, {"192.0.2.1:80", "127.0.0.1:80", false}, {"nonsense", ":80", false},
	} {
		assert.Equal(t, test.want, overlap(test.a, test.b), "%s %s", test.a, test.b)
		assert.Equal(t, test.want, overlap(test.b, test.a), "%s %s", test.b, test.a)
	}
}

func TestNear(t *testing.T) {
	names := []string{"share_dir", "data_dir", "search", "ttl", "limits", "log"}
	for s, want := range map[string][]string{
		"sharedir": {"share_dir"}, "Share-Dir": {"share_dir"}, "shre_dri": {"share_dir"}, "serach": {"search"},
		"searches": {"search"}, "tl": {"ttl"}, "limit": {"limits"}, "lgo": {"log"}, "colour": nil, "": nil, "x": nil,
	} {
		assert.Equal(t, want, near(s, names), s)
	}
	assert.Equal(t, []string{"ab", "ac"}, near("ad", []string{"ab", "ac", "xyz"}))
}
