package tcp_test

import (
	"crypto/md5"
	"crypto/rand"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/tcp"
)

// content writes a file of random bytes.
func content(t testing.TB, n int) (path string, data []byte) {
	path, data = filepath.Join(t.TempDir(), "content"), make([]byte, n)
	rand.Read(data)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path, data
}

// dialed is a connection to at, made by the transport.
func (k *kit) dialed(at netip.AddrPort) port.Conn {
	p := k.probe()
	k.Dial([]netip.AddrPort{at}, patience, p.pid)
	d := next[*port.Dialed](p)
	require.NoError(k, d.Err)
	return d.Conn
}

// both is a connection between two Conns, of which neither is attached.
func (k *kit) both() (server, client port.Conn) {
	at, accepted := k.listen(0)
	client = k.dialed(at)
	return next[*port.Accepted](accepted).Conn, client
}

func TestFileRoundTrip(t *testing.T) {
	for _, c := range []struct{ length, offset, chunk int }{
		{0, 0, 4096}, {1, 0, 4096}, {4096, 0, 4096}, {4097, 0, 4096}, {1_000_003, 17, 1024}, {3_000_000, 5, 4096},
		{99_999, 0, 99_999}, {250_000, 0, 99_999}, {5_000_000, 1, 99_999}, {700_000, 0, 65_536}, {300_000, 3, 1},
	} {
		for _, rate := range []int{0, 200 << 20} {
			k := newKit(t, tcp.Options{UploadRate: 200 << 20, DownloadRate: 200 << 20})
			if rate == 0 {
				k = newKit(t, tcp.Options{})
			}
			server, client := k.both()
			path, data := content(t, c.offset+c.length+10)
			data = data[c.offset : c.offset+c.length]
			sender, receiver := k.probe(), k.probe()
			server.Attach(sender.pid)
			server.Send([]byte{}) // nothing
			server.SendFile(port.FileSend{
				Path: path, Offset: int64(c.offset), Length: int64(c.length),
				Head: frameHead(int64(c.length), c.chunk), Chunk: c.chunk, Header: frameHeader,
			})
			target := filepath.Join(t.TempDir(), "target")
			require.NoError(t, os.WriteFile(target, make([]byte, 50), 0o600)) // to be overwritten
			client.ReceiveFile(port.FileReceive{Path: target, Frames: &frame{}, Limit: int64(c.length)})
			client.Attach(receiver.pid)
			sent := next[*port.FileSent](sender)
			require.NoError(t, sent.Err)
			require.EqualValues(t, c.length, sent.Bytes)
			received := lastOf(receiver)
			require.NoError(t, received.Err)
			require.EqualValues(t, c.length, received.Bytes)
			require.Equal(t, p2p.FileID(md5.Sum(data)), received.File)
			got, err := os.ReadFile(target)
			require.NoError(t, err)
			require.Equal(t, md5.Sum(data), md5.Sum(got))
			client.Close()
			require.NoError(t, next[*port.Closed](receiver).Err)
			next[*port.Ended](sender)
			server.Close()
			require.NoError(t, next[*port.Closed](sender).Err)
		}
	}
}

// lastOf skips progress and gives the outcome.
func lastOf(p *probe) *port.FileReceived {
	p.t.Helper()
	for {
		switch m := next[any](p).(type) {
		case *port.FileProgress:
		case *port.FileReceived:
			return m
		default:
			require.FailNowf(p.t, "unexpected", "%T", m)
		}
	}
}

// Packets before and after a file stay in their places.
func TestFileBetweenPackets(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	path, data := content(t, 2_000_000)
	c.Send([]byte("before"))
	c.SendFile(port.FileSend{Path: path, Length: int64(len(data)), Head: []byte("head")})
	c.Send([]byte("after"))
	c.Close()
	c.Attach(p.pid)
	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	require.True(t, "before"+"head"+string(data)+"after" == string(got))
	require.NoError(t, next[*port.FileSent](p).Err)
	require.NoError(t, next[*port.Closed](p).Err)
}

// A file that cannot be begun leaves the connection as it is.
func TestFileNotThere(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	c.Attach(p.pid)
	path, data := content(t, 1000)
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, f := range []port.FileSend{
		{Path: path + "x", Length: 1},
		{Path: path, Length: int64(len(data)) + 1},
		{Path: path, Length: 500, Offset: 501},
		{Path: path, Length: -1},
		{Path: filepath.Dir(path), Length: 1},
		{Path: pipe, Length: 1},
	} {
		f.Head = []byte("head")
		c.SendFile(f)
		sent := next[*port.FileSent](p)
		require.ErrorContains(t, sent.Err, f.Path)
		require.Zero(t, sent.Bytes)
	}
	c.Send([]byte("sorry"))
	c.Close()
	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	require.Equal(t, "sorry", string(got))
}

// A file that shrinks while it is sent takes the connection with it: its frame can never be completed.
func TestFileShrinks(t *testing.T) {
	for _, chunk := range []int{4096, 99_999} {
		k := newKit(t, tcp.Options{})
		c, peer, p := k.pair()
		c.Attach(p.pid)
		const length = 64 << 20
		path := filepath.Join(t.TempDir(), "big")
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Truncate(path, length))
		c.SendFile(port.FileSend{Path: path, Length: length, Chunk: chunk, Header: frameHeader})
		_, err := io.ReadFull(peer, make([]byte, 1000)) // it has begun, and waits for the peer
		require.NoError(t, err)
		require.NoError(t, os.Truncate(path, 1000))
		_, err = io.Copy(io.Discard, peer)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		sent := next[*port.FileSent](p)
		require.ErrorIs(t, sent.Err, io.ErrUnexpectedEOF)
		require.Less(t, sent.Bytes, int64(length))
		require.ErrorIs(t, next[*port.Closed](p).Err, io.ErrUnexpectedEOF)
	}
}

// Every SendFile ends in one FileSent, before Closed, however the connection ends.
func TestFileCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, 256<<20))
	for name, cut := range map[string]func(port.Conn, io.Closer){
		"abort": func(c port.Conn, _ io.Closer) { c.Abort() },
		"reset": func(_ port.Conn, peer io.Closer) { peer.Close() },
		"slow":  func(port.Conn, io.Closer) {},
	} {
		for _, rate := range []int{0, 1000} {
			k := newKit(t, tcp.Options{WriteTimeout: 100 * time.Millisecond})
			if rate > 0 {
				if name == "slow" {
					continue
				}
				k = newKit(t, tcp.Options{UploadRate: 1000})
			}
			c, peer, p := k.pair()
			c.Attach(p.pid)
			for range 2 {
				c.SendFile(port.FileSend{Path: path, Length: 256 << 20, Chunk: 4096, Header: frameHeader})
			}
			_, err := io.ReadFull(peer, make([]byte, 5))
			require.NoError(t, err)
			cut(c, peer)
			for range 2 {
				require.Error(t, next[*port.FileSent](p).Err, name)
			}
			closed := next[*port.Closed](p)
			require.Error(t, closed.Err)
			if name == "slow" {
				require.Equal(t, port.ErrSlowReader, closed.Err)
			}
			c.SendFile(port.FileSend{Path: path, Length: 1})
			p.silent()
		}
	}
}

func TestRates(t *testing.T) {
	const rate, length = 400_000, 100_000
	k := newKit(t, tcp.Options{UploadRate: rate, DownloadRate: rate})
	server, client := k.both()
	path, _ := content(t, length)
	p, q := k.probe(), k.probe()
	begin := time.Now()
	server.Attach(p.pid)
	server.SendFile(port.FileSend{Path: path, Length: length, Head: frameHead(length, 1000), Chunk: 1000, Header: frameHeader})
	client.ReceiveFile(port.FileReceive{Path: filepath.Join(t.TempDir(), "x"), Frames: &frame{}})
	client.Attach(q.pid)
	require.NoError(t, next[*port.FileSent](p).Err)
	require.NoError(t, lastOf(q).Err)
	// A twentieth of a second's worth is let through at once. A busy machine may take longer.
	require.Greater(t, time.Since(begin), 150*time.Millisecond)
}

func TestReceiveFails(t *testing.T) {
	broken := errors.New("bad frame")
	for name, c := range map[string]struct {
		path   string
		frames port.Deframer
		limit  int64
		stream string
		want   error
		text   string
	}{
		"cut":      {stream: "F0000020000512345000", want: io.ErrUnexpectedEOF, text: "cut after 5"},
		"nothing":  {want: io.ErrUnexpectedEOF},
		"frame":    {stream: "F", frames: &frame{fail: broken}, want: broken},
		"limit":    {stream: "F0000010000512345", limit: 4, text: "limit of 4 bytes"},
		"expected": {stream: "F00000199999", limit: 5000, text: "limit of 5000 bytes"},
		"full":     {stream: "F0000010000512345", path: "/dev/full", want: syscall.ENOSPC, text: "/dev/full"},
		"nowhere":  {stream: "F", path: "/nowhere/file", want: os.ErrNotExist, text: "/nowhere/file"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, tcp.Options{})
			conn, peer, p := k.pair()
			if c.path == "" {
				c.path = filepath.Join(t.TempDir(), "x")
			}
			if c.frames == nil {
				c.frames = &frame{}
			}
			conn.ReceiveFile(port.FileReceive{Path: c.path, Frames: c.frames, Limit: c.limit})
			conn.Attach(p.pid)
			peer.Write([]byte(c.stream))
			peer.CloseWrite()
			got := lastOf(p)
			require.Error(t, got.Err)
			if c.want != nil {
				require.ErrorIs(t, got.Err, c.want)
			}
			require.ErrorContains(t, got.Err, c.text)
			conn.Send([]byte("x")) // still possible
			conn.Close()
			require.NoError(t, next[*port.Closed](p).Err)
		})
	}
}

func TestReceiveCutOff(t *testing.T) {
	for name, cut := range map[string]func(port.Conn, func()){
		"abort": func(c port.Conn, _ func()) { c.Abort() },
		"close": func(c port.Conn, _ func()) { c.Close() },
		"reset": func(_ port.Conn, reset func()) { reset() },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, tcp.Options{})
			c, peer, p := k.pair()
			c.ReceiveFile(port.FileReceive{Path: filepath.Join(t.TempDir(), "x"), Frames: &frame{}})
			c.Attach(p.pid)
			peer.Write([]byte("F0000010000512"))
			require.EqualValues(t, 2, next[*port.FileProgress](p).Bytes)
			cut(c, func() { peer.SetLinger(0); peer.Close() })
			received := next[*port.FileReceived](p)
			require.Error(t, received.Err)
			require.EqualValues(t, 2, received.Bytes)
			closed := next[*port.Closed](p)
			require.Equal(t, name == "close", closed.Err == nil)
		})
	}
}

// A download of any length with one byte at a time.
func TestReceiveByteByByte(t *testing.T) {
	k := newKit(t, tcp.Options{})
	c, peer, p := k.pair()
	target := filepath.Join(t.TempDir(), "x")
	c.ReceiveFile(port.FileReceive{Path: target, Frames: &frame{}})
	c.Attach(p.pid)
	for _, b := range []byte("F00000200003abc00002de") {
		peer.Write([]byte{b})
	}
	require.Equal(t, p2p.FileID(md5.Sum([]byte("abcde"))), lastOf(p).File)
	got, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "abcde", string(got))
	info, err := os.Stat(target)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}
