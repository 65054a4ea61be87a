package durable

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// odd are endpoints and names of every kind.
func odd(t *testing.T) []port.Change {
	out := make([]port.Change, 0, 8)
	for i, a := range []netip.Addr{{}, netip.MustParseAddr("2001:db8::1")} {
		e, err := p2p.NewEndpoint(netip.MustParseAddr("192.0.2.1"), a, 3000)
		require.NoError(t, err)
		out = append(out, port.Change{Op: port.OpLogin, Session: session(50 + i), Endpoint: e})
	}
	e, err := p2p.ParseEndpoint("[2001:db8::2]:65535")
	require.NoError(t, err)
	out = append(out, port.Change{Op: port.OpLogin, Session: session(52), Endpoint: e})
	for i, name := range []p2p.FileName{"<déjà> & \"vu\"\n", "\xff\x00\xfe", p2p.FileName(strings.Repeat("x", 100)), "\u2028\ufffd"} {
		out = append(out, port.Change{Op: port.OpPut, Session: session(52), File: p2p.FileID{byte(i), 15: 1}, Name: name})
	}
	return out
}

func TestExportAndImport(t *testing.T) {
	disk := vfs.NewMem()
	o := small(disk)
	var none bytes.Buffer
	_, err := Export(o, &none)
	require.Error(t, err)
	require.Zero(t, none.Len())
	_, err = disk.Stat(o.Dir)
	require.Error(t, err, "looking makes no directory")

	d, _ := open(t, o)
	r := rand.New(rand.NewPCG(3, 3))
	for range 30 {
		require.NoError(t, d.apply(draw(r, 300)))
	}
	require.NoError(t, d.apply(odd(t)))
	all := dump(t, d)
	require.NoError(t, d.close())
	var text bytes.Buffer
	n, err := Export(o, &text)
	require.NoError(t, err)
	require.Equal(t, len(all), n)
	require.Equal(t, n+1, strings.Count(text.String(), "\n"))
	require.True(t, strings.HasPrefix(text.String(), `{"alakazaam_directory":1}`+"\n"+`{"session":"SESSION00000000`), text.String()[:200])
	require.Contains(t, text.String(), `{"session":"SESSION000000050","ipv4":"192.0.2.1","ipv6":"::ffff:192.0.2.1","port":3000}`+"\n")
	require.Contains(t, text.String(), `{"session":"SESSION000000052","file":"00000000000000000000000000000001","name":"<déjà> & \"vu\"\n"}`)

	into := small(vfs.NewMem())
	for range 2 { // again changes nothing
		n, err = Import(into, bytes.NewReader(text.Bytes()))
		require.NoError(t, err)
		require.Equal(t, len(all), n)
		d, _ = open(t, into)
		require.Equal(t, all, dump(t, d))
		require.NoError(t, d.close())
	}
	_, err = Export(o, broken{})
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.NotErrorIs(t, err, ErrDamaged)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestImportRefuses(t *testing.T) {
	head := `{"alakazaam_directory":1}` + "\n"
	login := `{"session":"SESSION000000001","ipv4":"10.0.0.1","port":3000}` + "\n"
	for text, want := range map[string]string{
		"":                                "line 1 is not that of an export",
		`{"alakazaam_directory":2}`:       "line 1 is not that of an export of version 1",
		head + login + `{"session":"x"}`:  `line 3: session "x"`,
		head + login + `{"sesion":"x"}`:   `line 3: json: unknown field`,
		head + login + `{"session":"SESS`: "line 3: unexpected EOF",
		head + login + `{"session":"SESSION000000002","ipv4":"0.0.0.0","port":1}`:                                             "line 3: 0.0.0.0: not an address",
		head + login + `{"session":"SESSION000000002","file":"00000000000000000000000000000001","name":"a"}`:                  "line 3: file 00000000000000000000000000000001 of session SESSION000000002, which has not come before it",
		head + login + `{"session":"SESSION000000001","file":"00000000000000000000000000000001"}`:                             `line 3: name ""`,
		head + login + `{"session":"SESSION000000001","file":"00000000000000000000000000000001","name":" a"}`:                 `line 3: name " a"`,
		head + login + `{"session":"SESSION000000001","file":"0001","name":"a"}`:                                              "line 3: ",
		head + login + `{"session":"SESSION000000001","file":"00000000000000000000000000000001","name":"` + nines(101) + `"}`: `line 3: name "999`,
	} {
		o := small(vfs.NewMem())
		n, err := Import(o, strings.NewReader(text))
		require.ErrorContains(t, err, want)
		d, report := open(t, o)
		require.Len(t, dump(t, d), n, "what came before stays")
		require.Equal(t, n, report.Sessions)
		require.Equal(t, strings.Contains(text, login), n == 1)
		require.NoError(t, d.close())
	}
}

func nines(n int) string { return strings.Repeat("9", n) }

func TestCheckAndStats(t *testing.T) {
	disk, all := sample(t, true)
	o := small(disk)
	before := contentsOf(t, disk, o.Dir)
	sessions := 0
	for _, c := range all {
		if c.Op == port.OpLogin {
			sessions++
		}
	}
	r, err := Check(o)
	require.NoError(t, err)
	require.Equal(t, Report{Version: 1, Sessions: sessions, Files: len(all) - sessions}, r)
	disk.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 12345})
	s, err := Stats(o)
	require.NoError(t, err)
	require.Equal(t, [3]int{1, sessions, len(all) - sessions}, [3]int{s.Version, s.Sessions, s.Files})
	require.Equal(t, uint64(12345), s.Free)
	require.Positive(t, s.Log)
	require.Positive(t, s.Tables)
	require.Greater(t, s.Disk, s.Log)
	require.Greater(t, s.Most, (len(all)-sessions)/sessions-1)
	require.Equal(t, before, contentsOf(t, disk, o.Dir), "nothing has been changed")

	tables := kinds(t, disk, o.Dir)[tableSuffix[1:]]
	data := readFile(t, disk, o.Dir+"/"+tables[0])
	data[len(data)/2] ^= 1
	write(t, disk, o.Dir+"/"+tables[0], data)
	before = contentsOf(t, disk, o.Dir)
	r, err = Check(o)
	require.NoError(t, err)
	require.ErrorIs(t, r.Damage, ErrDamaged)
	require.ErrorContains(t, r.Damage, tables[0][:6])
	_, err = Stats(o)
	require.ErrorIs(t, err, ErrDamaged)
	_, err = Export(o, &bytes.Buffer{})
	require.True(t, err == nil || errors.Is(err, ErrDamaged))
	require.Equal(t, before, contentsOf(t, disk, o.Dir), "and nothing is set aside")
}
