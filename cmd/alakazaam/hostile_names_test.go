package main_test

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// hostileNames are what a file had better not be called.
var hostileNames = []string{
	"../../escaped 1.txt", "/tmp/escaped 2.txt", "..", "../downloads", `C:\Windows\escaped.txt`, "CON", "nul.txt", "com1", ".hidden",
	"-rf", "~/escaped.txt", "dir/sub/file.txt", "....//escaped.txt", "\x1b[2J\x1b]0;title\x07.txt", "two\r\nlines.txt", "null\x00byte.txt",
	"gnp\u202Etxt.exe", "bad\xff\xfe.txt", "line\u2028separator", "\u200b\u200binvisible", "\u009b31mred", ".partial", strings.Repeat("long", 25),
}

func hostileContent(i int) string { return fmt.Sprintf("the content of hostile file %d", i) }

// TestHostileNames: whatever strangers call their files, in ADFFs and AQUEs, nothing is written outside of download_dir
// and nothing reaches a terminal or a log that could move its cursor.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	contents := make(map[string]string)
	for i := range hostileNames {
		contents[sum(hostileContent(i))] = hostileContent(i)
	}
	owner := listenAs(t, 127, servesFiles(func(md5 string) string {
		return fmt.Sprintf("ARET000001%05d%s", len(contents[md5]), contents[md5])
	}))
	var address atomic.Value // of the supernode, once it runs
	answerer := listenAs(t, 128, answersBadly(&address, owner.addr()))
	s := besiege(t, "--neighbors", fmt.Sprintf("%s:%d", answerer.ip, answerer.port))
	address.Store(s.address)
	c := dialFrom(t, 127, s.address)
	id := make([]byte, 16)
	_, err := io.ReadFull(c.say("LOGI%s", owner.addr()).hear("ALGI"), id)
	require.NoError(t, err)
	for i, name := range hostileNames {
		if i%2 == 0 {
			c.say("ADFF%s%s%s", id, sum(hostileContent(i)), field100(name))
		}
	}
	c.say("LOGO0000000000000000").hear("ALGO000")

	found, errs, err := s.get("find", "*")
	require.NoError(t, err, errs)
	clean(t, found)
	var numbers []string
	for line := range strings.Lines(found) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); contents[f[len(f)-1]] != "" {
			numbers = append(numbers, f[0])
		}
	}
	require.Len(t, numbers, len(hostileNames), "all are found: %s", found)
	before := tree(t, filepath.Dir(s.getter.dir))
	paths, errs, err := s.get(append([]string{"get"}, numbers...)...)
	require.NoError(t, err, errs)
	clean(t, paths+errs)
	s.onlyDownloads(t, before, contents)
	for _, n := range []*node{s.getter, s.owner, s.node} {
		clean(t, n.do("status").out)
		clean(t, n.do("share").out)
	}
	s.stopAll()
	for _, n := range []*node{s.getter, s.owner, s.node} {
		clean(t, n.text())
	}
}

// onlyDownloads looks for what is new on the disk: the downloads, and nothing else.
func (s *siege) onlyDownloads(t *testing.T, before map[string]bool, contents map[string]string) {
	downloads := filepath.Join(s.getter.dir, "downloads")
	n := 0
	for path := range tree(t, filepath.Dir(s.getter.dir)) {
		if before[path] || strings.HasPrefix(path, filepath.Join(s.getter.dir, "data")) {
			continue
		}
		require.Equal(t, downloads, filepath.Dir(path), "written elsewhere")
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, contents, sum(string(b)))
		clean(t, path)
		n++
	}
	require.Equal(t, len(hostileNames), n)
	for _, path := range []string{"/tmp/escaped 2.txt", filepath.Join(os.TempDir(), "escaped 1.txt")} {
		require.NoFileExists(t, path)
	}
}

// tree lists the files below a folder.
func tree(t testing.TB, dir string) map[string]bool {
	files := make(map[string]bool)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[path] = true
		}
		return nil // what goes while we look is none of our business
	}))
	return files
}

// clean sees that a text can be shown.
func clean(t testing.TB, s string) {
	t.Helper()
	require.True(t, utf8.ValidString(s), "%q", s)
	for _, r := range s {
		require.True(t, r == '\n' || r == '\t' || unicode.IsGraphic(r), "%q in %q", r, s)
	}
}

// servesFiles answers each RETR with what aret says.
func servesFiles(aret func(md5 string) string) habit {
	return func(c net.Conn, _ func(string)) {
		defer c.Close()
		b := make([]byte, 36)
		for {
			if _, err := io.ReadFull(c, b); err != nil {
				return
			}
			if _, err := io.WriteString(c, aret(string(b[4:]))); err != nil {
				return
			}
		}
	}
}

// field100 is a name in its field.
func field100(name string) string { return name + strings.Repeat(" ", 100-len(name)) }

// answersBadly answers each query with an AQUE for every second of the names.
func answersBadly(to *atomic.Value, owner string) habit {
	return func(c net.Conn, _ func(string)) {
		defer c.Close()
		quer := make([]byte, 102)
		if n, _ := io.ReadFull(c, quer); n < len(quer) || string(quer[:4]) != "QUER" {
			return
		}
		for i, name := range hostileNames {
			if i%2 == 0 {
				continue
			}
			if out, err := dialAs("127.0.0.128", to.Load().(string)); err == nil {
				fmt.Fprintf(out, "AQUE%s%s%s%s", quer[4:20], owner, sum(hostileContent(i)), field100(name))
				out.Close()
			}
		}
	}
}

// TestHostileSupernode has a peer of ours log in at a supernode that answers nothing as it should, and download from
// owners that send anything but the file.
func TestHostileSupernode(t *testing.T) {
	t.Parallel()
	copies := strings.Repeat(written("127.0.0.129", 9), 999)
	afins := []string{
		"AFIN999", "AFIN001" + md5A + field100("x") + "999" + copies[:600], "AFIN0x1", "AFIN-01", "ALGO001", "", "AFIN001" + md5A,
		"AFIN001" + md5A + field100("x") + "001" + written("127.0.0.129", 0), "AFIN001" + md5A + field100("\x1b[2J") + "001" + copies[:60],
		"AFIN999" + strings.Repeat(md5A+field100("x")+"999"+copies, 20), "AFIN000AFIN000", "\x00\x00\x00\x00", strings.Repeat("AFIN", 1<<18),
	}
	super := listenAs(t, 129, func(c net.Conn, _ func(string)) {
		defer c.Close()
		b := make([]byte, 1024)
		for {
			n, err := c.Read(b)
			switch string(b[:min(n, 4)]) {
			case "LOGI":
				_, _ = io.WriteString(c, "ALGISESSION0000000A1")
			case "LOGO":
				_, _ = io.WriteString(c, "ALGO000")
			case "FIND":
				i, _ := strconv.Atoi(strings.TrimSpace(string(b[20:n])))
				_, _ = io.WriteString(c, afins[i])
				return
			}
			if err != nil {
				return
			}
		}
	})
	n := runNode(t, "peer", "127.0.0.130", map[string]string{"mine.txt": "mine"}, "--bootstrap", fmt.Sprintf("%s:%d", super.ip, super.port),
		"--discovery.window", "300ms", "--transfer.max_file_size", "1MiB", "--transfer.stall_timeout", "2s")
	n.published(1)
	for i, afin := range afins {
		got := n.do("find", strconv.Itoa(i))
		require.Contains(t, []int{0, 1}, got.code, "%.40q: %s", afin, got.err)
		clean(t, got.out+got.err)
	}
	n.hostileOwners()
	require.Zero(t, n.metric("actor_panics_total", ""))
	require.Less(t, n.resident(), maxResident())
	n.ends(os.Interrupt)
	clean(t, n.text())
}

// hostileOwners send what is not the file that was asked for.
func (n *node) hostileOwners() {
	arets := []string{
		"ARET00000199999short", "ARET00000100005hello", "ARET00000200003abc", "ARETxxxxxx", "ARET000001-0005hello", "", "ARET000000",
		"Sorry \x1b[2J\x07\u202E\n", "HTTP/1.1 200 OK\r\n\r\n", "ARET999999" + strings.Repeat("99999"+strings.Repeat("x", 99999), 30),
		"ARET999999" + strings.Repeat("00000", 200000), strings.Repeat("no line ends here ", 1<<16),
	}
	byMD5 := make(map[string]string)
	args := []string{"get"}
	for i, a := range arets {
		md5 := fmt.Sprintf("%032x", i+1)
		byMD5[md5] = a
		args = append(args, md5)
	}
	owner := listenAs(n.t, 131, func(c net.Conn, _ func(string)) {
		defer c.Close()
		b := make([]byte, 36)
		if _, err := io.ReadFull(c, b); err == nil {
			_ = c.SetDeadline(time.Now().Add(patience))
			_, _ = io.WriteString(c, byMD5[string(b[4:])])
		}
	})
	got := n.do(append(args, "--from", fmt.Sprintf("%s:%d", owner.ip, owner.port))...)
	require.Equal(n.t, 1, got.code)
	require.Empty(n.t, got.out, "none is the file")
	for md5 := range byMD5 {
		require.Contains(n.t, got.err, "alakazaam: "+md5+": ")
	}
	clean(n.t, got.err)
	require.Eventually(n.t, func() bool { return len(tree(n.t, filepath.Join(n.dir, "downloads"))) == 0 }, patience, 50*time.Millisecond,
		"nothing of it stays")
}
