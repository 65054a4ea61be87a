package main_test

import (
	"bufio"
	bigendian "encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// These benchmarks run the program as a process, with its directory on a disk and each change synced, and are its peers
// over TCP. What they report is what a peer sees.

// benchPeers is how many peers publish a directory, unless a benchmark says otherwise.
const benchPeers = 100

// benchNode starts a supernode that nothing bounds, with its directory in dir.
func benchNode(b *testing.B, dir string, flags ...string) *node {
	b.Helper()
	n := &node{dir: dir, address: free(b, "127.0.0.130"), admin: free(b, "127.0.0.1")}
	n.process = start(b, append([]string{"supernode", "--listen", n.address, "--admin.listen", n.admin, "--data_dir", filepath.Join(dir, "data"),
		"--share_dir", filepath.Join(dir, "shared"), "--download_dir", filepath.Join(dir, "downloads"), "--discovery.target", "0",
		"--session.probe_every", "0s", "--limits.packets_per_second", "0", "--limits.bytes_per_second", "0",
		"--limits.session_packets_per_second", "0", "--limits.session_bytes_per_second", "0", "--limits.files_per_session", "0",
		"--limits.idle_timeout", "1h", "--store.sync", "always"}, flags...)...)
	return n
}

// benchPeer is a peer with its connection.
type benchPeer struct {
	conn net.Conn
	in   *bufio.Reader
	id   string
}

// loginAt logs peer i in, or in again.
func loginAt(address string, i int) (*benchPeer, error) {
	ip := fmt.Sprintf("127.9.%d.%d", i/250, i%250+1)
	conn, err := dialAs(ip, address)
	if err != nil {
		return nil, err
	}
	p := &benchPeer{conn: conn, in: bufio.NewReaderSize(conn, 1<<16)}
	algi := make([]byte, 20)
	if _, err = io.WriteString(conn, "LOGI"+written(ip, 4000)); err == nil {
		_, err = io.ReadFull(p.in, algi)
	}
	if err == nil && (string(algi[:4]) != "ALGI" || string(algi[4:]) == strings.Repeat("0", 16)) {
		err = fmt.Errorf("a login was answered with %q", algi)
	}
	p.id = string(algi[4:])
	return p, err
}

// find searches and gives how many files were found.
func (p *benchPeer) find(text string) (int, error) {
	head := make([]byte, 7)
	if _, err := fmt.Fprintf(p.conn, "FIND%s%-20s", p.id, text); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(p.in, head); err != nil {
		return 0, err
	}
	count, copies := 0, 0
	if _, err := fmt.Sscanf(string(head), "AFIN%03d", &count); err != nil {
		return 0, err
	}
	entry := make([]byte, 135)
	for range count {
		if _, err := io.ReadFull(p.in, entry); err != nil {
			return 0, err
		}
		if _, err := fmt.Sscanf(string(entry[132:]), "%03d", &copies); err != nil {
			return 0, err
		}
		if _, err := p.in.Discard(60 * copies); err != nil {
			return 0, err
		}
	}
	return count, nil
}

// words are names' words: the first are in many names and the last in few, as in what people share.
var words = func() (out []string) {
	r := rand.New(rand.NewPCG(6, 0))
	syllables := strings.Fields("ba co di fu ga ho ja ki lo ma ne pi qua ro sa tu ve wi xo za shi lan mer ton")
	for range 20000 {
		w := ""
		for range 2 + r.IntN(3) {
			w += syllables[r.IntN(len(syllables))]
		}
		out = append(out, strings.ToUpper(w[:1])+w[1:])
	}
	return out
}()

// benchName is the name of file i: an artist, an album, a title by Zipf's law, and something that no other name has.
func benchName(z *rand.Zipf, i int) string {
	return fmt.Sprintf("%s %s - %s - %02d %s %s %s.mp3", words[z.Uint64()], words[z.Uint64()], words[z.Uint64()], i%20, words[z.Uint64()],
		words[z.Uint64()], unique(i))
}

// unique is a text that only file i has.
func unique(i int) string { return fmt.Sprintf("x%07dx", i) }

// publications are the ADFFs of files from to from+n, without the session.
func publications(from, n int) []byte {
	z := rand.NewZipf(rand.New(rand.NewPCG(6, uint64(from))), 1.1, 8, uint64(len(words)-1))
	out := make([]byte, 0, n*152)
	var md5 [16]byte
	for i := from; i < from+n; i++ {
		bigendian.BigEndian.PutUint64(md5[:], uint64(i+1)*0x9E3779B97F4A7C15)
		bigendian.BigEndian.PutUint64(md5[8:], uint64(i))
		out = append(out, "ADFF0000000000000000"...)
		out = hex.AppendEncode(out, md5[:])
		out = fmt.Appendf(out, "%-100.100s", benchName(z, i))
	}
	return out
}

// publishAll publishes n files of so many peers, all at once, and gives how long it took until each peer's last file,
// and so all of them, was found. The peers are still logged in then.
func publishAll(b *testing.B, address string, n, peers int) time.Duration {
	b.Helper()
	each := n / peers
	packets, all := make([][]byte, peers), make([]*benchPeer, peers)
	for i := range peers {
		p, err := loginAt(address, i)
		require.NoError(b, err)
		all[i], packets[i] = p, publications(i*each, each)
		for at := 4; at < len(packets[i]); at += 152 {
			copy(packets[i][at:], p.id)
		}
	}
	began := time.Now()
	require.NoError(b, crowd(peers, peers, func(i int) error {
		defer all[i].conn.Close()
		if _, err := all[i].conn.Write(packets[i]); err != nil {
			return err
		}
		found, err := all[i].find(unique((i+1)*each - 1))
		if err == nil && found != 1 {
			err = fmt.Errorf("peer %d found %d of its last file", i, found)
		}
		return err
	}))
	return time.Since(began)
}

// settledMemory is the resident memory once it does not shrink any more.
func (n *node) settledMemory() (bytes int) {
	n.t.Helper()
	least, quiet := n.resident(), 0
	require.Eventually(n.t, func() bool {
		now := n.resident()
		if quiet++; now < least-least/100 {
			least, quiet = now, 0
		}
		return quiet == 30
	}, time.Minute, 250*time.Millisecond)
	return n.resident()
}

// isReady says whether the node says that it serves.
func (n *node) isReady() bool {
	r, err := http.Get("http://" + n.admin + "/readyz")
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// quantiles reports the median and the 99th percentile, exactly.
func quantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
	b.ReportMetric(milliseconds(took[len(took)*99/100]), "p99-ms")
}

// copyData gives a folder with a copy of a node's directory.
func copyData(b *testing.B, from string) string {
	b.Helper()
	dir := b.TempDir()
	require.NoError(b, os.CopyFS(filepath.Join(dir, "data"), os.DirFS(filepath.Join(from, "data"))))
	return dir
}
